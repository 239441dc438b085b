#include "exchange.h"

#include "shm.h"
#include "sys.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOK_EVERY = 16, NAP = 5 };

typedef struct {
    mg_transport_t transport;
    mg_doorbell_t bell; /* the worker's */
    int process;        /* see mg_process_open; -1 for none */
    bool ended;         /* as of the last sleep */
} place_t;

struct mg_exchange {
    uint8_t *memory;
    size_t size;
    size_t stride;
    size_t capacity;
    mg_doorbell_t bell; /* the parent's */
    uint32_t own;       /* this worker's place; `count` in the parent */
    mg_orphanage_t orphanage;
    struct pollfd *polled; /* the bell, then the processes */
    nfds_t npolled;
    unsigned unslept; /* times in a row that there was no reason to sleep */
    bool flowing;     /* the last sleep ended with something to receive: naps will do */
    uint32_t count;
    place_t places[];
};

static mg_transport_shared_t *
shared_of(const mg_exchange_t *exchange, uint32_t place)
{
    return (mg_transport_shared_t *)(void *)(exchange->memory + 4096 + place * exchange->stride);
}

static mg_status_t
open_places(mg_exchange_t *exchange)
{
    for (uint32_t i = 0; i < exchange->count; i++) {
        place_t *place = &exchange->places[i];
        mg_transport_shared_t *shared = shared_of(exchange, i);
        mg_status_t status = mg_doorbell_open(&place->bell, &shared->worker_bell);
        if (status != MG_OK) return status;
        status = mg_transport_init(&place->transport, shared, exchange->capacity, MG_PARENT,
                                   &place->bell);
        if (status != MG_OK) return status;
    }
    return MG_OK;
}

mg_status_t
mg_exchange_new(mg_exchange_t **out, uint32_t workers, size_t capacity)
{
    if (workers == 0) return MG_INVALID;

    mg_exchange_t *exchange = mg_sys->calloc(1, sizeof(*exchange) + workers * sizeof(place_t));
    if (exchange == NULL) return MG_NOMEM;
    exchange->count = exchange->own = workers;
    exchange->capacity = capacity;
    exchange->stride = mg_transport_size(capacity);
    exchange->size = 4096 + workers * exchange->stride;
    exchange->bell.read_fd = exchange->bell.write_fd = -1;
    for (uint32_t i = 0; i < workers; i++) {
        exchange->places[i].bell.read_fd = exchange->places[i].bell.write_fd = -1;
        exchange->places[i].process = -1;
    }

    mg_status_t status = MG_NOMEM;
    exchange->polled = mg_sys->calloc(workers + 1, sizeof(struct pollfd));
    if (exchange->polled == NULL) goto fail;
    void *memory;
    status = mg_shm_map(&memory, exchange->size);
    if (status != MG_OK) goto fail;
    exchange->memory = memory;
    status = mg_doorbell_open(&exchange->bell, memory);
    if (status == MG_OK) status = open_places(exchange);
    if (status != MG_OK) goto fail;

    *out = exchange;
    return MG_OK;

fail:
    mg_exchange_free(exchange);
    return status;
}

void
mg_exchange_free(mg_exchange_t *exchange)
{
    if (exchange == NULL) return;
    for (uint32_t i = 0; i < exchange->count; i++) {
        place_t *place = &exchange->places[i];
        mg_transport_fini(&place->transport);
        mg_doorbell_close(&place->bell);
        if (place->process >= 0) close(place->process);
    }
    mg_doorbell_close(&exchange->bell);
    mg_shm_unmap(exchange->memory, exchange->size);
    free(exchange->polled);
    free(exchange);
}

mg_transport_t *
mg_exchange_transport(mg_exchange_t *exchange, uint32_t place)
{
    return &exchange->places[place].transport;
}

mg_status_t
mg_exchange_enter(mg_exchange_t *exchange, uint32_t place, pid_t parent, unsigned grace)
{
    place_t *own = &exchange->places[place];

    exchange->own = place;
    for (uint32_t i = 0; i < exchange->count; i++) {
        place_t *other = &exchange->places[i];
        if (other->process >= 0) close(other->process);
        other->process = -1;
        if (i != place) mg_doorbell_close(&other->bell);
    }
    mg_transport_fini(&own->transport);
    mg_status_t status = mg_transport_init(&own->transport, shared_of(exchange, place),
                                           exchange->capacity, MG_WORKER, &exchange->bell);
    if (status != MG_OK) return status;
    return mg_process_watch_parent(&exchange->orphanage, parent, &own->bell, grace);
}

bool
mg_exchange_orphaned(const mg_exchange_t *exchange)
{
    return atomic_load(&exchange->orphanage.orphaned);
}

bool
mg_exchange_watch(mg_exchange_t *exchange, uint32_t place, pid_t pid)
{
    exchange->places[place].process = mg_process_open(pid);
    return exchange->places[place].process >= 0;
}

bool
mg_exchange_ended(const mg_exchange_t *exchange, uint32_t place)
{
    return exchange->places[place].ended;
}

void
mg_exchange_vacate(mg_exchange_t *exchange, uint32_t place)
{
    place_t *vacated = &exchange->places[place];

    if (vacated->process >= 0) close(vacated->process);
    vacated->process = -1;
    vacated->ended = false;
    mg_transport_reset(&vacated->transport, exchange->capacity);
}

static bool
in_parent(const mg_exchange_t *exchange)
{
    return exchange->own == exchange->count;
}

static mg_doorbell_t *
own_bell(mg_exchange_t *exchange)
{
    if (in_parent(exchange)) return &exchange->bell;
    return &exchange->places[exchange->own].bell;
}

static bool
anything_ready(const mg_exchange_t *exchange)
{
    if (!in_parent(exchange)) {
        const mg_transport_t *own = &exchange->places[exchange->own].transport;
        return mg_exchange_orphaned(exchange) ||
               (own->unsent ? mg_transport_room(own) : mg_transport_ready(own));
    }
    for (uint32_t i = 0; i < exchange->count; i++) {
        if (mg_transport_ready(&exchange->places[i].transport)) return true;
    }
    return false;
}

bool
mg_exchange_doze(mg_exchange_t *exchange)
{
    mg_doorbell_t *bell = own_bell(exchange);
    nfds_t count = 0;

    exchange->polled[count++] = (struct pollfd){ .fd = bell->read_fd, .events = POLLIN };
    for (uint32_t i = 0; in_parent(exchange) && i < exchange->count; i++) {
        int fd = exchange->places[i].process;
        if (fd >= 0 && !exchange->places[i].ended) exchange->polled[count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
    }
    exchange->npolled = count;
    mg_doorbell_doze(bell, exchange->flowing);
    if (!anything_ready(exchange)) {
        exchange->unslept = 0;
        return true;
    }
    /* The ends of processes are seen by sleeping. */
    if (exchange->unslept++ % LOOK_EVERY == 0) mg_exchange_sleep(exchange, 0);
    return false;
}

void
mg_exchange_sleep(mg_exchange_t *exchange, int milliseconds)
{
    if (exchange->flowing && (milliseconds < 0 || milliseconds > NAP)) milliseconds = NAP;
    mg_sys->poll(exchange->polled, exchange->npolled, milliseconds);
}

void
mg_exchange_rise(mg_exchange_t *exchange)
{
    bool rang = exchange->polled[0].revents != 0;

    for (nfds_t i = 1; i < exchange->npolled; i++) {
        if (exchange->polled[i].revents == 0) continue;
        for (uint32_t place = 0; place < exchange->count; place++) {
            if (exchange->places[place].process == exchange->polled[i].fd) {
                exchange->places[place].ended = true;
            }
        }
    }
    exchange->flowing = in_parent(exchange) && anything_ready(exchange);
    mg_doorbell_rise(own_bell(exchange), rang);
}

void
mg_exchange_wait(mg_exchange_t *exchange, int milliseconds)
{
    if (mg_exchange_doze(exchange)) mg_exchange_sleep(exchange, milliseconds);
    mg_exchange_rise(exchange);
}

void
mg_exchange_wake(mg_exchange_t *exchange)
{
    mg_doorbell_wake(own_bell(exchange));
}
