// SPDX-License-Identifier: Apache-2.0
#include "api/traffic.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

bool hk_traffic_read(int socket, struct hk_traffic *traffic)
{
    struct tcp_info info = { 0 };
    socklen_t size = sizeof(info);
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
        return false;
    traffic->received_bytes = info.tcpi_bytes_received;
    traffic->last_received_ms = info.tcpi_last_data_recv;
    return true;
}
