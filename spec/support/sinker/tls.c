// SPDX-License-Identifier: Apache-2.0
#include "tls.h"

#include <openssl/ssl.h>

static const long DAY_S = 24L * 60 * 60;

bool hk_tls_init(struct hk_tls *tls)
{
    struct hk_certificate_wish wish = {
        .subject = "sinker test CA", .begins_s = -DAY_S, .ends_s = 30 * DAY_S, .is_ca = true
    };
    return hk_certificate_make(&tls->ca, &wish, NULL);
}

void hk_tls_fini(struct hk_tls *tls)
{
    hk_certificate_fini(&tls->ca);
}

static bool make_leaf(const struct hk_tls *tls, enum hk_tls_kind kind, struct hk_certificate *leaf)
{
    struct hk_certificate_wish wish = {
        .subject = "sinker", .names = tls->names, .begins_s = -DAY_S, .ends_s = 30 * DAY_S
    };
    if (kind == HK_TLS_EXPIRED) {
        wish.begins_s = -2 * DAY_S;
        wish.ends_s = -DAY_S;
    } else if (kind == HK_TLS_NOT_YET) {
        wish.begins_s = DAY_S;
    } else if (kind == HK_TLS_WRONG_HOST) {
        wish.names = "wrong-host.invalid";
    }
    return hk_certificate_make(leaf, &wish, kind == HK_TLS_SELF_SIGNED ? NULL : &tls->ca);
}

static bool use_leaf(SSL_CTX *context, const struct hk_tls *tls, enum hk_tls_kind kind)
{
    if (kind == HK_TLS_GOOD && tls->cert_file != NULL) {
        return SSL_CTX_use_certificate_chain_file(context, tls->cert_file) == 1 &&
               SSL_CTX_use_PrivateKey_file(context, tls->key_file, SSL_FILETYPE_PEM) == 1;
    }
    struct hk_certificate leaf;
    if (!make_leaf(tls, kind, &leaf)) {
        return false;
    }
    bool is_used = SSL_CTX_use_certificate(context, leaf.x509) == 1 &&
                   SSL_CTX_use_PrivateKey(context, leaf.key) == 1;
    hk_certificate_fini(&leaf);
    return is_used;
}

static bool set_versions(SSL_CTX *context, enum hk_tls_kind kind)
{
    if (kind != HK_TLS_1_1) {
        return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
    }
    return SSL_CTX_set_min_proto_version(context, TLS1_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0") == 1;
}

struct ssl_ctx_st *hk_tls_context(const struct hk_tls *tls, enum hk_tls_kind kind)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || !set_versions(context, kind) || !use_leaf(context, tls, kind)) {
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    return context;
}
