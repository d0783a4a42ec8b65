// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdbool.h>

struct evp_pkey_st;
struct x509_st;

/** A certificate and its EC P-256 key, in memory only. All zero is none. */
struct hk_certificate {
    struct x509_st *x509;
    struct evp_pkey_st *key;
};

struct hk_certificate_wish {
    const char *subject; /**< common name */
    const char *names;   /**< HOST[,HOST]: DNS names and addresses; NULL: none */
    long begins_s;       /**< from now; below 0: in the past */
    long ends_s;
    bool is_ca;
};

/** Makes one, signed by issuer, or by itself when issuer is NULL. false: OpenSSL refused. */
bool hk_certificate_make(struct hk_certificate *certificate, const struct hk_certificate_wish *wish,
                         const struct hk_certificate *issuer);

/** Writes the certificate (not the key) as PEM. false with errno. */
bool hk_certificate_save(const struct hk_certificate *certificate, const char *file);

void hk_certificate_fini(struct hk_certificate *certificate);
