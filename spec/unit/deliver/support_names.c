// SPDX-License-Identifier: Apache-2.0
#include "support_names.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 16 };

static struct {
    char name[64], addresses[256];
} names[NAMES_MAX];
static unsigned name_count, look_up_count;
static char blocked[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;

static int look_up(const char *host, const char *service, const struct addrinfo *hints,
                   struct addrinfo **list)
{
    char addresses[256] = "";
    char *rest = addresses;
    struct addrinfo **end = list;
    if ((hints->ai_flags & AI_NUMERICHOST) != 0)
        return getaddrinfo(host, service, hints, list);
    pthread_mutex_lock(&lock);
    look_up_count++;
    while (strcmp(host, blocked) == 0)
        pthread_cond_wait(&released, &lock);
    for (unsigned i = 0; i < name_count; i++) {
        if (strcmp(names[i].name, host) == 0)
            (void)snprintf(addresses, sizeof(addresses), "%s", names[i].addresses);
    }
    pthread_mutex_unlock(&lock);
    *list = NULL;
    for (char *word = strtok_r(rest, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        struct addrinfo numeric = *hints;
        numeric.ai_flags |= AI_NUMERICHOST;
        if (getaddrinfo(word, service, &numeric, end) != 0)
            abort();
        end = &(*end)->ai_next;
    }
    return *list != NULL ? 0 : EAI_NONAME;
}

void names_start(void)
{
    name_count = 0;
    look_up_count = 0;
    blocked[0] = '\0';
    hk__resolver_getaddrinfo = look_up;
}

void names_stop(void)
{
    names_release();
    hk__resolver_getaddrinfo = getaddrinfo;
}

void names_set(const char *name, const char *addresses)
{
    unsigned at = 0;
    pthread_mutex_lock(&lock);
    while (at < name_count && strcmp(names[at].name, name) != 0)
        at++;
    if (at == NAMES_MAX)
        abort();
    name_count = at == name_count ? at + 1 : name_count;
    (void)snprintf(names[at].name, sizeof(names[at].name), "%s", name);
    (void)snprintf(names[at].addresses, sizeof(names[at].addresses), "%s", addresses);
    pthread_mutex_unlock(&lock);
}

void names_block(const char *name)
{
    pthread_mutex_lock(&lock);
    (void)snprintf(blocked, sizeof(blocked), "%s", name);
    pthread_mutex_unlock(&lock);
}

void names_release(void)
{
    names_block("");
    pthread_cond_broadcast(&released);
}

unsigned names_count(void)
{
    pthread_mutex_lock(&lock);
    unsigned count = look_up_count;
    pthread_mutex_unlock(&lock);
    return count;
}
