/* native.h - The stages that ship with minigun. Each is one file in this folder and
 * knows nothing of minigun but core/stage.h. */
#ifndef MG_NATIVE_H
#define MG_NATIVE_H

#include "core/stage.h"

#define MG_NATIVE_SHIPPED(XX)                                                                      \
    XX(lines)                                                                                      \
    XX(pass)                                                                                       \
    XX(grep)                                                                                       \
    XX(json)                                                                                       \
    XX(csv)                                                                                        \
    XX(digest)                                                                                     \
    XX(distinct)                                                                                   \
    XX(top)                                                                                        \
    XX(compress)                                                                                   \
    XX(decompress)                                                                                 \
    XX(group)                                                                                      \
    XX(write)

#define XX(name) extern const mg_stage_t mg_stage_##name;
MG_NATIVE_SHIPPED(XX)
#undef XX

#endif
