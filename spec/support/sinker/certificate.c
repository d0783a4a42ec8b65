// SPDX-License-Identifier: Apache-2.0
#include "certificate.h"

#include "buffer.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool is_address(const char *name)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

/** "a.example,127.0.0.1" becomes "DNS:a.example,IP:127.0.0.1". */
static void append_names(struct hk_buffer *out, const char *names)
{
    char name[256];
    while (*names != 0) {
        size_t bytes = strcspn(names, ",");
        snprintf(name, sizeof name, "%.*s", (int)bytes, names);
        hk_buffer_print(out, "%s%s:%s", out->bytes > 0 ? "," : "", is_address(name) ? "IP" : "DNS",
                        name);
        names += bytes;
        names += *names == ',';
    }
    hk_buffer_append(out, "", 1);
}

static bool add_extension(X509 *x509, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool is_added = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool add_extensions(X509 *x509, X509 *issuer, const struct hk_certificate_wish *wish)
{
    const char *basic = wish->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE";
    const char *usage = wish->is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature";
    bool is_added = add_extension(x509, issuer, NID_basic_constraints, basic) &&
                    add_extension(x509, issuer, NID_key_usage, usage) &&
                    add_extension(x509, issuer, NID_subject_key_identifier, "hash");
    if (is_added && !wish->is_ca) {
        is_added = add_extension(x509, issuer, NID_ext_key_usage, "serverAuth");
    }
    if (is_added && wish->names != NULL) {
        struct hk_buffer names = { 0 };
        append_names(&names, wish->names);
        is_added = add_extension(x509, issuer, NID_subject_alt_name, names.data);
        hk_buffer_fini(&names);
    }
    return is_added;
}

static bool set_serial(X509 *x509)
{
    uint64_t serial;
    if (RAND_bytes((unsigned char *)&serial, sizeof serial) != 1) {
        return false;
    }
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1) == 1;
}

static bool fill(struct hk_certificate *certificate, const struct hk_certificate_wish *wish,
                 const struct hk_certificate *issuer)
{
    X509 *x509 = certificate->x509;
    X509_NAME *name = X509_get_subject_name(x509);
    const unsigned char *subject = (const unsigned char *)wish->subject;
    return X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, subject, -1, -1, 0) == 1 &&
           X509_set_issuer_name(x509, X509_get_subject_name(issuer->x509)) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(x509), wish->begins_s) != NULL &&
           X509_gmtime_adj(X509_getm_notAfter(x509), wish->ends_s) != NULL &&
           X509_set_pubkey(x509, certificate->key) == 1 &&
           add_extensions(x509, issuer->x509, wish) &&
           X509_sign(x509, issuer->key, EVP_sha256()) > 0;
}

bool hk_certificate_make(struct hk_certificate *certificate, const struct hk_certificate_wish *wish,
                         const struct hk_certificate *issuer)
{
    *certificate = (struct hk_certificate){ .x509 = X509_new(), .key = EVP_EC_gen("P-256") };
    if (certificate->x509 != NULL && certificate->key != NULL &&
        fill(certificate, wish, issuer != NULL ? issuer : certificate)) {
        return true;
    }
    hk_certificate_fini(certificate);
    return false;
}

bool hk_certificate_save(const struct hk_certificate *certificate, const char *file)
{
    FILE *out = fopen(file, "we");
    if (out == NULL) {
        return false;
    }
    bool is_written = PEM_write_X509(out, certificate->x509) == 1;
    return fclose(out) == 0 && is_written;
}

void hk_certificate_fini(struct hk_certificate *certificate)
{
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
    *certificate = (struct hk_certificate){ 0 };
}
