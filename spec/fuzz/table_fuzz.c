/* The table of groups, against a list that is searched from its begin.
 *
 * sources: ext/minigun/native/table.c
 */
#include "native/table.h"
#include "stage_run.h"

enum { MOST = 512 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct {
        const uint8_t *key;
        uint32_t length, tag;
        uint64_t times;
    } known[MOST];
    size_t count = 0, at = 0;
    mg_table_t table;
    mg_table_init(&table, sizeof(uint64_t), size);

    while (at < size && count < MOST) {
        uint32_t length = data[at] & 31, tag = data[at] >> 5;
        at++;
        if (length > size - at) length = (uint32_t)(size - at);
        size_t i = 0;
        while (i < count && (known[i].length != length || known[i].tag != tag || memcmp(known[i].key, data + at, length))) i++;
        char *exact = malloc(length); /* so that a read beyond is seen */
        memcpy(exact, data + at, length);
        bool fresh;
        uint64_t *times = mg_table_put(&table, exact, length, tag, &fresh);
        free(exact);
        MUST(times && fresh == (i == count));
        ++*times;
        if (i == count) {
            known[count].key = data + at;
            known[count].length = length;
            known[count].tag = tag;
            known[count++].times = 0;
        }
        MUST(*times == ++known[i].times);
        at += length;
    }
    MUST(table.count == count);
    for (size_t i = 0; i < count; i++) {
        const char *key;
        uint32_t length, tag;
        uint64_t *times = mg_table_at(&table, i, &key, &length, &tag);
        MUST(length == known[i].length && tag == known[i].tag && memcmp(key, known[i].key, length) == 0);
        MUST(*times == known[i].times);
    }
    mg_table_fini(&table);
    return 0;
}
