// SPDX-License-Identifier: Apache-2.0
/** A blunt HTTP client: sends the bytes that it is told to and reads one answer. */
#pragma once
#include "support_engine.h"

struct test_answer {
    unsigned status;
    bool is_closed; /**< The server closed instead of answering. */
    char head[4096];
    char body[65536];
};

/** Connects over TCP, or to the control socket. The caller closes. */
int test_connect(const struct test_engine *engine);
int test_connect_control(const struct test_engine *engine);
void test_send(int fd, const char *text);
void test_send_format(int fd, const char *format, ...) HK_PRINTF(2, 3);

/** Reads one answer with a Content-Length; fails the test after 20 s of silence. */
void test_receive(int fd, struct test_answer *answer);

/** True when the server closes the connection; false after 20 s without that. */
bool test_is_closed(int fd);

/** Reads until `wanted` has come; fails the test after 20 s of silence. */
void test_receive_until(int fd, const char *wanted, char *out, size_t size);

/** One request on a connection of its own, as the platform, with a body (or NULL). */
void test_ask(const struct test_engine *engine, const char *method, const char *path,
              const char *body, struct test_answer *answer);

/** The same as the merchant. */
void test_ask_as_merchant(const struct test_engine *engine, const char *method, const char *path,
                          const char *body, struct test_answer *answer);
