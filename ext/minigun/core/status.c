#include "status.h"

const char *
mg_status_text(mg_status_t status)
{
    switch (status) {
#define XX(name, code, text)                                                                       \
    case name:                                                                                     \
        return text;
        MG_STATUSES(XX)
#undef XX
    }
    return "unknown status";
}
