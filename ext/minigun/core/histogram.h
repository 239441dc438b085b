/* histogram.h - A fixed-size uniform sample of the latencies of one stage.
 *
 * DESIGN
 *
 * Reservoir sampling with skips: after an observation has been kept, the sampler
 * draws how many may pass before the next one. So the observations in between
 * are only counted, and whoever makes them needs no clock:
 *
 *     if (mg_reservoir_wants(&r)) { t = now(); work(); mg_reservoir_record(&r, now() - t); }
 *     else                        { work(); mg_reservoir_count(&r, 1); }
 *
 * The first MG_RESERVOIR_SIZE observations are all kept; from then on every
 * observation made so far is in the sample with the same probability.
 *
 * Algorithm L of K.-H. Li, "Reservoir-Sampling Algorithms of Time Complexity
 * O(n(1 + log(N/n)))", ACM TOMS 20(4), 1994.
 *
 * Nothing here locks or allocates. One thread at a time may use a reservoir (the
 * binding uses it under the GVL, a native worker has one of its own, merged at
 * the end).
 */
#ifndef MG_HISTOGRAM_H
#define MG_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MG_RESERVOIR_SIZE 1000

/* Which observation to keep next, apart from the samples themselves, for those
 * who store samples elsewhere. */
typedef struct {
    uint64_t random; /* state of the generator */
    double weight;   /* Li's W: the largest key in a full sample */
    uint64_t next;   /* observations before the next one to keep */
} mg_sampler_t;

/* Starts at the first observation. Any seed will do; samplers that are to be
 * independent of each other need different ones. */
void mg_sampler_init(mg_sampler_t *sampler, uint64_t seed);

/* Takes the observation that follows `observed` others, `size` of which are in
 * the sample. Returns the place it belongs in, which is `size` until the sample is
 * full, and draws which observation is next. */
size_t mg_sampler_accept(mg_sampler_t *sampler, uint64_t observed, size_t size);

/* Goes on as if it had made a sample of `size` out of `observed` observations:
 * after a merge, or when somebody else has changed the sample. */
void mg_sampler_resume(mg_sampler_t *sampler, uint64_t observed, size_t size);

typedef struct {
    mg_sampler_t sampler;
    uint64_t observed; /* exact number of observations */
    size_t size;       /* number of samples, at most MG_RESERVOIR_SIZE */
    double samples[MG_RESERVOIR_SIZE];
} mg_reservoir_t;

/* Sets up caller's memory; nothing has to be undone. */
void mg_reservoir_init(mg_reservoir_t *reservoir, uint64_t seed);

/* Whether the observation about to be made would be kept. */
static inline bool
mg_reservoir_wants(const mg_reservoir_t *reservoir)
{
    return reservoir->observed >= reservoir->sampler.next;
}

/* How many observations may pass uncounted by a clock before the next wanted one. */
static inline uint64_t
mg_reservoir_skip(const mg_reservoir_t *reservoir)
{
    return mg_reservoir_wants(reservoir) ? 0 : reservoir->sampler.next - reservoir->observed;
}

/* Counts observations that were not measured. If that goes past the wanted one,
 * the next after them is wanted instead. */
static inline void
mg_reservoir_count(mg_reservoir_t *reservoir, uint64_t observations)
{
    reservoir->observed += observations;
}

/* Takes back up to `observations` that were counted unmeasured, because their times
 * came after all. None is taken back once the sample is full: what it stands for
 * can't be told any more. Returns how many. */
static inline uint64_t
mg_reservoir_uncount(mg_reservoir_t *reservoir, uint64_t observations)
{
    if (reservoir->size == MG_RESERVOIR_SIZE) return 0;
    uint64_t unmeasured = reservoir->observed - reservoir->size;
    if (observations > unmeasured) observations = unmeasured;
    reservoir->observed -= observations;
    if (reservoir->sampler.next > reservoir->observed) reservoir->sampler.next = reservoir->observed;
    return observations;
}

/* Keeps a wanted observation and counts it. */
void mg_reservoir_keep(mg_reservoir_t *reservoir, double seconds);

/* Counts one measured observation and keeps it if it is wanted. */
static inline void
mg_reservoir_record(mg_reservoir_t *reservoir, double seconds)
{
    if (mg_reservoir_wants(reservoir)) mg_reservoir_keep(reservoir, seconds);
    else reservoir->observed++;
}

/* Adds a sample of `size` out of `observed` observations made elsewhere; both
 * sides are then in the sample in proportion to their observations, as far as
 * their samples reach. `observed` below `size` counts as `size`. Nothing is drawn,
 * and nothing lost, while all the samples fit. */
void mg_reservoir_absorb(mg_reservoir_t *reservoir, const double *samples, size_t size,
                         uint64_t observed);

/* Absorbs another reservoir, which stays as it is and is not `reservoir` itself. */
void mg_reservoir_merge(mg_reservoir_t *reservoir, const mg_reservoir_t *other);

#endif
