#include "histogram.h"

#include <math.h>

/* SplitMix64: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number
 * Generators", OOPSLA 2014; constants of S. Vigna's public-domain splitmix64.c. */
static uint64_t
random_bits(mg_sampler_t *sampler)
{
    uint64_t bits = (sampler->random += UINT64_C(0x9E3779B97F4A7C15));

    bits = (bits ^ (bits >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94D049BB133111EB);
    return bits ^ (bits >> 31);
}

/* In the open interval (0, 1): its logarithm is finite and below zero. */
static double
uniform(mg_sampler_t *sampler)
{
    return ((double)(random_bits(sampler) >> 12) + 0.5) * 0x1p-52;
}

/* Bias of 1 in 2^32 at most: limits are small. */
static size_t
below(mg_sampler_t *sampler, size_t limit)
{
    return (size_t)(((random_bits(sampler) >> 32) * (uint64_t)limit) >> 32);
}

static double
normal(mg_sampler_t *sampler)
{
    return sqrt(-2.0 * log(uniform(sampler))) * cos(6.283185307179586 * uniform(sampler));
}

/* G. Marsaglia, W. W. Tsang, "A Simple Method for Generating Gamma Variables",
 * ACM TOMS 26(3), 2000; for shape >= 1. */
static double
gamma_variate(mg_sampler_t *sampler, double shape)
{
    double d = shape - 1.0 / 3.0;
    double c = 1.0 / sqrt(9.0 * d);

    for (;;) {
        double x = normal(sampler);
        double v = 1.0 + c * x;
        if (v <= 0.0) continue;
        v = v * v * v;
        if (log(uniform(sampler)) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
    }
}

/* The largest of the MG_RESERVOIR_SIZE smallest of `observed` random keys. */
static double
draw_weight(mg_sampler_t *sampler, uint64_t observed)
{
    if (observed <= MG_RESERVOIR_SIZE) return exp(log(uniform(sampler)) / MG_RESERVOIR_SIZE);

    double inside = gamma_variate(sampler, MG_RESERVOIR_SIZE);
    double outside = gamma_variate(sampler, (double)(observed - MG_RESERVOIR_SIZE) + 1.0);
    return inside / (inside + outside);
}

static uint64_t
draw_skip(mg_sampler_t *sampler)
{
    double skip = floor(log(uniform(sampler)) / log1p(-sampler->weight));
    return skip < 0x1p62 ? (uint64_t)skip : UINT64_C(1) << 62;
}

void
mg_sampler_init(mg_sampler_t *sampler, uint64_t seed)
{
    *sampler = (mg_sampler_t){ .random = seed, .weight = 1.0, .next = 0 };
}

void
mg_sampler_resume(mg_sampler_t *sampler, uint64_t observed, size_t size)
{
    sampler->next = observed;
    if (size < MG_RESERVOIR_SIZE) return;

    sampler->weight = draw_weight(sampler, observed);
    sampler->next += draw_skip(sampler);
}

size_t
mg_sampler_accept(mg_sampler_t *sampler, uint64_t observed, size_t size)
{
    if (size < MG_RESERVOIR_SIZE) {
        mg_sampler_resume(sampler, observed + 1, size + 1);
        return size;
    }
    size_t place = below(sampler, MG_RESERVOIR_SIZE);
    sampler->weight *= exp(log(uniform(sampler)) / MG_RESERVOIR_SIZE);
    sampler->next = observed + 1 + draw_skip(sampler);
    return place;
}

void
mg_reservoir_init(mg_reservoir_t *reservoir, uint64_t seed)
{
    mg_sampler_init(&reservoir->sampler, seed);
    reservoir->observed = 0;
    reservoir->size = 0;
}

void
mg_reservoir_keep(mg_reservoir_t *reservoir, double seconds)
{
    size_t place = mg_sampler_accept(&reservoir->sampler, reservoir->observed, reservoir->size);

    reservoir->samples[place] = seconds;
    if (place == reservoir->size) reservoir->size++;
    reservoir->observed++;
}

/* How many of a full sample come from the first of two sides: as many as if that
 * many observations had been drawn from all of them. */
static size_t
draw_share(mg_sampler_t *sampler, uint64_t observed, size_t size, uint64_t other_observed,
           size_t other_size)
{
    size_t share = 0;
    size_t other_share = 0;

    while (share + other_share < MG_RESERVOIR_SIZE) {
        double left = (double)(observed - share);
        double other_left = (double)(other_observed - other_share);
        bool first = uniform(sampler) * (left + other_left) < left;

        if (share == size) first = false;
        if (other_share == other_size) first = true;
        if (first) share++;
        else other_share++;
    }
    return share;
}

/* Leaves `share` of the samples, drawn at random. */
static void
thin_out(mg_reservoir_t *reservoir, size_t share)
{
    for (size_t i = 0; i < share; i++) {
        size_t j = i + below(&reservoir->sampler, reservoir->size - i);
        double sample = reservoir->samples[j];
        reservoir->samples[j] = reservoir->samples[i];
        reservoir->samples[i] = sample;
    }
    reservoir->size = share;
}

/* Adds `share` of the given samples, drawn at random. */
static void
add_some(mg_reservoir_t *reservoir, const double *samples, size_t size, size_t share)
{
    for (size_t i = 0; share > 0; i++) {
        if (below(&reservoir->sampler, size - i) >= share) continue;
        reservoir->samples[reservoir->size++] = samples[i];
        share--;
    }
}

void
mg_reservoir_absorb(mg_reservoir_t *reservoir, const double *samples, size_t size,
                    uint64_t observed)
{
    if (size >= observed) {
        for (size_t i = 0; i < size; i++) mg_reservoir_record(reservoir, samples[i]);
        return;
    }
    size_t share = size;
    if (reservoir->size + size > MG_RESERVOIR_SIZE) {
        size_t own = draw_share(&reservoir->sampler, reservoir->observed, reservoir->size,
                                observed, size);
        thin_out(reservoir, own);
        share = MG_RESERVOIR_SIZE - own;
    }
    add_some(reservoir, samples, size, share);
    reservoir->observed += observed;
    mg_sampler_resume(&reservoir->sampler, reservoir->observed, reservoir->size);
}

void
mg_reservoir_merge(mg_reservoir_t *reservoir, const mg_reservoir_t *other)
{
    mg_reservoir_absorb(reservoir, other->samples, other->size, other->observed);
}
