// SPDX-License-Identifier: Apache-2.0
#include "transport.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

static ssize_t tls_result(struct hk_transport *transport, int rc)
{
    int why = SSL_get_error(transport->tls, rc);
    ERR_clear_error();
    switch (why) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return HK_TRANSPORT_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return HK_TRANSPORT_EOF;
    default:
        return HK_TRANSPORT_BROKEN;
    }
}

static int bounded(size_t bytes)
{
    return bytes < INT_MAX ? (int)bytes : INT_MAX;
}

ssize_t hk_transport_read(struct hk_transport *transport, char *data, size_t bytes)
{
    if (transport->tls != NULL) {
        int rc = SSL_read(transport->tls, data, bounded(bytes));
        return rc > 0 ? rc : tls_result(transport, rc);
    }
    ssize_t rc = recv(transport->fd, data, bytes, 0);
    if (rc >= 0) {
        return rc;
    }
    return errno == EAGAIN || errno == EINTR ? HK_TRANSPORT_AGAIN : HK_TRANSPORT_BROKEN;
}

ssize_t hk_transport_write(struct hk_transport *transport, struct hk_span data)
{
    if (transport->tls != NULL) {
        int rc = SSL_write(transport->tls, data.at, bounded(data.bytes));
        ssize_t result = rc > 0 ? rc : tls_result(transport, rc);
        return result == HK_TRANSPORT_EOF ? HK_TRANSPORT_BROKEN : result;
    }
    ssize_t rc = send(transport->fd, data.at, data.bytes, MSG_NOSIGNAL);
    if (rc >= 0) {
        return rc;
    }
    return errno == EAGAIN || errno == EINTR ? HK_TRANSPORT_AGAIN : HK_TRANSPORT_BROKEN;
}

void hk_transport_finish(struct hk_transport *transport)
{
    if (transport->tls != NULL && SSL_is_init_finished(transport->tls)) {
        SSL_shutdown(transport->tls);
        ERR_clear_error();
    }
    shutdown(transport->fd, SHUT_WR);
}

void hk_transport_arm_reset(struct hk_transport *transport)
{
    struct linger linger = { .l_onoff = 1, .l_linger = 0 };
    setsockopt(transport->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

void hk_transport_fini(struct hk_transport *transport)
{
    SSL_free(transport->tls);
    transport->tls = NULL;
}
