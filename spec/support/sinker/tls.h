// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "certificate.h"

struct ssl_ctx_st;

/** What a TLS listener gets wrong. */
enum hk_tls_kind {
    HK_TLS_GOOD,
    HK_TLS_EXPIRED,
    HK_TLS_NOT_YET,
    HK_TLS_WRONG_HOST,
    HK_TLS_SELF_SIGNED, /**< not by our CA */
    HK_TLS_1_1          /**< speaks nothing newer */
};

/** Our CA, made at start; it signs every leaf. */
struct hk_tls {
    struct hk_certificate ca;
    const char *names;     /**< of good leaves: HOST[,HOST] */
    const char *cert_file; /**< with key_file: used for HK_TLS_GOOD in place of a leaf of ours */
    const char *key_file;
};

/** Makes the CA; names and files are borrowed. false: OpenSSL refused. */
bool hk_tls_init(struct hk_tls *tls);
void hk_tls_fini(struct hk_tls *tls);

/** A new server context, owned by the caller; NULL: OpenSSL refused (its error queue says why). */
struct ssl_ctx_st *hk_tls_context(const struct hk_tls *tls, enum hk_tls_kind kind);
