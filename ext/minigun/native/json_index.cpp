#include "json_index.h"

#include <cstdlib>
#include <memory>
#include <new>

#include <simdjson.h>

struct mg_json_index {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
};

static const size_t first_capacity = 16 * 1024;

mg_json_index_t *
mg_json_index_new(void)
{
    mg_json_index_t *index = new (std::nothrow) mg_json_index();
    if (index == nullptr) return nullptr;
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(first_capacity, 1, index->parser)) {
        delete index;
        return nullptr;
    }
    return index;
}

void
mg_json_index_free(mg_json_index_t *index)
{
    delete index;
}

const char *
mg_json_index_run(mg_json_index_t *index, const char *data, size_t size,
                  const uint32_t **positions, size_t *count)
{
    simdjson::internal::dom_parser_implementation &parser = *index->parser;
    if (size + MG_JSON_ENDS > parser.capacity() && parser.allocate(size + size / 2 + MG_JSON_ENDS, 1)) {
        return "out of memory";
    }

    simdjson::error_code error = parser.stage1(reinterpret_cast<const uint8_t *>(data), size,
                                               simdjson::stage1_mode::regular);
    if (error) return simdjson::error_message(error);
    uint32_t *found = parser.structural_indexes.get();
    *count = parser.n_structural_indexes;
    for (int i = 0; i < MG_JSON_ENDS; i++) found[*count + i] = static_cast<uint32_t>(size);
    *positions = found;
    return nullptr;
}
