// SPDX-License-Identifier: Apache-2.0
#include "deliver/resolver.h"

#include "base/alloc.h"
#include "base/check.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#define RESOLVER_MAGIC 0x4E5010EFu

struct job {
    struct job *next;
    struct hk_question question; /**< Its host points to `host`. */
    char host[];
};

struct queue {
    struct job *first;
    struct job **last;
};

struct hk_resolver {
    uint32_t magic;
    uint32_t references; /**< The owner and each thread. */
    pthread_mutex_t lock;
    pthread_cond_t asked;
    pthread_mutex_t answering; /**< Held while an answer is handed over: free waits for it. */
    struct queue quick, slow;
    const struct hk_guard *guard; /**< Gone once `is_closed`. */
    hk_clock_fn clock;
    bool is_closed;
};

int (*hk__resolver_getaddrinfo)(const char *host, const char *service, const struct addrinfo *hints,
                                struct addrinfo **list) = getaddrinfo;

static void keep(struct hk_answer *answer, const struct addrinfo *info)
{
    if (answer->count == HK_RESOLVER_ADDRESSES_MAX)
        return;
    union hk_address *address = &answer->addresses[answer->count];
    size_t size = info->ai_family == AF_INET6 ? sizeof(address->v6) : sizeof(address->v4);
    if ((info->ai_family != AF_INET && info->ai_family != AF_INET6) || info->ai_addrlen < size)
        return;
    memcpy(address, info->ai_addr, size);
    answer->count++;
}

/** Looks up; `list` is the whole answer or NULL. */
static int find(const char *host, uint16_t port, bool is_numeric, struct addrinfo **list)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV | (is_numeric ? AI_NUMERICHOST : 0),
    };
    char service[8];
    (void)snprintf(service, sizeof(service), "%u", (unsigned)port);
    *list = NULL;
    return hk__resolver_getaddrinfo(host, service, &hints, list);
}

static void judge(struct hk_answer *answer, const struct hk_guard *guard,
                  const struct addrinfo *list)
{
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        answer->is_denied = answer->is_denied || !hk_guard_allows(guard, info->ai_addr);
        keep(answer, info);
    }
}

struct hk_answer *hk_resolver_look_up(const struct hk_guard *guard, const char *host, uint16_t port,
                                      bool is_numeric)
{
    struct hk_answer *answer = hk_alloc_zero(1, sizeof(*answer));
    struct addrinfo *list;
    if (answer == NULL)
        return NULL;
    if (find(host, port, is_numeric, &list) == 0) {
        judge(answer, guard, list);
        freeaddrinfo(list);
    }
    return answer;
}

static void queue_push(struct queue *queue, struct job *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

static struct job *queue_pop(struct queue *queue)
{
    struct job *job = queue->first;
    if (job == NULL)
        return NULL;
    queue->first = job->next;
    if (queue->first == NULL)
        queue->last = &queue->first;
    return job;
}

static void queue_clear(struct queue *queue)
{
    for (struct job *job = queue_pop(queue); job != NULL; job = queue_pop(queue))
        hk_free(job);
}

/** Gives one reference back, with the lock held; lets go of the lock. */
static void leave(struct hk_resolver *resolver)
{
    bool is_last = --resolver->references == 0;
    pthread_mutex_unlock(&resolver->lock);
    if (!is_last)
        return;
    queue_clear(&resolver->quick);
    queue_clear(&resolver->slow);
    pthread_cond_destroy(&resolver->asked);
    pthread_mutex_destroy(&resolver->answering);
    pthread_mutex_destroy(&resolver->lock);
    resolver->magic = 0;
    hk_free(resolver);
}

static bool is_closed(struct hk_resolver *resolver)
{
    pthread_mutex_lock(&resolver->lock);
    bool closed = resolver->is_closed;
    pthread_mutex_unlock(&resolver->lock);
    return closed;
}

/** Judges and hands over, unless the resolver was freed meanwhile: then neither the guard nor the
 * one who asked is there any more. */
static void answer_job(struct hk_resolver *resolver, const struct job *job,
                       struct hk_answer *answer, const struct addrinfo *list)
{
    const struct hk_question *question = &job->question;
    pthread_mutex_lock(&resolver->answering);
    if (is_closed(resolver)) {
        hk_free(answer);
    } else {
        if (answer != NULL)
            judge(answer, resolver->guard, list);
        question->answered(question->arg, question->id, answer);
    }
    pthread_mutex_unlock(&resolver->answering);
}

static void run_job(struct hk_resolver *resolver, struct job *job)
{
    struct hk_answer *answer = hk_alloc_zero(1, sizeof(*answer));
    struct addrinfo *list = NULL;
    struct hk_mono begun = resolver->clock().mono;
    if (answer != NULL && find(job->host, job->question.port, false, &list) != 0)
        list = NULL;
    if (answer != NULL)
        answer->took_ms = (uint32_t)((resolver->clock().mono.ns - begun.ns) / HK_NS_PER_MS);
    answer_job(resolver, job, answer, list);
    if (list != NULL)
        freeaddrinfo(list);
    hk_free(job);
}

/** Takes jobs until the resolver is closed. */
static void work(struct hk_resolver *resolver, bool is_for_slow)
{
    pthread_mutex_lock(&resolver->lock);
    while (!resolver->is_closed) {
        struct job *job = is_for_slow ? queue_pop(&resolver->slow) : queue_pop(&resolver->quick);
        if (job == NULL) {
            pthread_cond_wait(&resolver->asked, &resolver->lock);
            continue;
        }
        pthread_mutex_unlock(&resolver->lock);
        run_job(resolver, job);
        pthread_mutex_lock(&resolver->lock);
    }
    leave(resolver);
}

static void *work_quick(void *resolver)
{
    work(resolver, false);
    return NULL;
}

static void *work_slow(void *resolver)
{
    work(resolver, true);
    return NULL;
}

/** Starts one detached thread that takes no signals: they are the main thread's. */
static int start_thread(struct hk_resolver *resolver, bool is_for_slow)
{
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_mutex_lock(&resolver->lock);
    resolver->references++;
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, is_for_slow ? work_slow : work_quick, resolver);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        resolver->references--;
    } else {
        (void)pthread_setname_np(thread, "resolver");
        pthread_detach(thread);
    }
    pthread_mutex_unlock(&resolver->lock);
    return error == 0 ? 0 : HK_EIO;
}

int hk_resolver_new(const struct hk_guard *guard, hk_clock_fn clock, struct hk_resolver **resolver)
{
    struct hk_resolver *made = hk_alloc_zero(1, sizeof(*made));
    if (made == NULL)
        return HK_ENOMEM;
    made->magic = RESOLVER_MAGIC;
    made->references = 1;
    made->guard = guard;
    made->clock = clock;
    made->quick.last = &made->quick.first;
    made->slow.last = &made->slow.first;
    hk_assert(pthread_mutex_init(&made->lock, NULL) == 0);
    hk_assert(pthread_mutex_init(&made->answering, NULL) == 0);
    hk_assert(pthread_cond_init(&made->asked, NULL) == 0);
    for (int i = 0; i < HK_RESOLVER_THREADS; i++) {
        if (start_thread(made, i == 0) != 0) {
            hk_resolver_free(made);
            return HK_EIO;
        }
    }
    *resolver = made;
    return 0;
}

int hk_resolver_ask(struct hk_resolver *resolver, const struct hk_question *question)
{
    HK_CHECK(resolver, RESOLVER_MAGIC);
    size_t host_bytes = strlen(question->host) + 1;
    struct job *job = hk_alloc(sizeof(*job) + host_bytes);
    if (job == NULL)
        return HK_ENOMEM;
    job->question = *question;
    memcpy(job->host, question->host, host_bytes);
    job->question.host = job->host;
    pthread_mutex_lock(&resolver->lock);
    queue_push(question->is_slow ? &resolver->slow : &resolver->quick, job);
    pthread_cond_broadcast(&resolver->asked);
    pthread_mutex_unlock(&resolver->lock);
    return 0;
}

void hk_resolver_close(struct hk_resolver *resolver)
{
    if (resolver == NULL)
        return;
    HK_CHECK(resolver, RESOLVER_MAGIC);
    pthread_mutex_lock(&resolver->answering);
    pthread_mutex_lock(&resolver->lock);
    resolver->is_closed = true;
    pthread_cond_broadcast(&resolver->asked);
    pthread_mutex_unlock(&resolver->lock);
    pthread_mutex_unlock(&resolver->answering);
}

void hk_resolver_free(struct hk_resolver *resolver)
{
    if (resolver == NULL)
        return;
    hk_resolver_close(resolver);
    pthread_mutex_lock(&resolver->lock);
    leave(resolver);
}
