#include "test.h"

#include "core/histogram.h"

#include <math.h>
#include <string.h>

#define TRIALS 300

static mg_reservoir_t reservoir, other;

/* Records `count` observations whose values are their own numbers from `first`. */
static void
record_range(mg_reservoir_t *into, uint64_t first, uint64_t count)
{
    for (uint64_t i = first; i < first + count; i++) mg_reservoir_record(into, (double)i);
}

static size_t
samples_between(const mg_reservoir_t *of, double low, double high)
{
    size_t found = 0;
    for (size_t i = 0; i < of->size; i++) found += of->samples[i] >= low && of->samples[i] < high;
    return found;
}

TEST(histogram_keeps_all_of_a_small_stream)
{
    mg_reservoir_init(&reservoir, 1);
    for (uint64_t i = 0; i < MG_RESERVOIR_SIZE; i++) {
        CHECK(mg_reservoir_wants(&reservoir));
        CHECK(mg_reservoir_skip(&reservoir) == 0);
        mg_reservoir_record(&reservoir, (double)i);
    }
    CHECK(reservoir.size == MG_RESERVOIR_SIZE);
    CHECK(reservoir.observed == MG_RESERVOIR_SIZE);
    for (size_t i = 0; i < MG_RESERVOIR_SIZE; i++) CHECK(reservoir.samples[i] == (double)i);
}

TEST(histogram_counts_every_observation)
{
    uint64_t measured = 0;
    uint64_t made = 0;

    mg_reservoir_init(&reservoir, 2);
    while (made < 1000000) {
        uint64_t pass = mg_reservoir_skip(&reservoir);
        if (pass > 1000000 - made) pass = 1000000 - made;
        mg_reservoir_count(&reservoir, pass);
        made += pass;
        if (made == 1000000) break;
        CHECK(mg_reservoir_wants(&reservoir));
        mg_reservoir_keep(&reservoir, (double)made++);
        measured++;
    }
    CHECK(reservoir.observed == 1000000);
    CHECK(reservoir.size == MG_RESERVOIR_SIZE);
    /* 1000 * (1 + ln 1000), give or take six deviations. */
    CHECK(measured > 7400 && measured < 8500);
}

TEST(histogram_samples_the_stream_uniformly)
{
    size_t thirds[3] = { 0, 0, 0 };

    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        mg_reservoir_init(&reservoir, trial);
        record_range(&reservoir, 0, 6000);
        for (size_t i = 0; i < 3; i++) {
            thirds[i] += samples_between(&reservoir, 2000.0 * (double)i, 2000.0 * (double)(i + 1));
        }
    }
    double expected = TRIALS * MG_RESERVOIR_SIZE / 3.0;
    /* Deviation of one third: sqrt(n p (1 - p)) and the finite stream's factor 5/6. */
    double deviation = sqrt(TRIALS * MG_RESERVOIR_SIZE * 2.0 / 9.0 * 5.0 / 6.0);
    for (size_t i = 0; i < 3; i++) CHECK(fabs((double)thirds[i] - expected) < 5 * deviation);
}

TEST(histogram_resumes_with_the_right_rate)
{
    mg_sampler_t sampler;
    double accepted = 0;

    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        uint64_t observed = 50000;
        mg_sampler_init(&sampler, trial);
        mg_sampler_resume(&sampler, observed, MG_RESERVOIR_SIZE);
        while (sampler.next < 100000) {
            observed = sampler.next;
            CHECK(mg_sampler_accept(&sampler, observed, MG_RESERVOIR_SIZE) < MG_RESERVOIR_SIZE);
            CHECK(sampler.next > observed);
            accepted++;
        }
    }
    double expected = TRIALS * MG_RESERVOIR_SIZE * log(2.0);
    CHECK(fabs(accepted - expected) < 6 * sqrt(expected));
}

TEST(histogram_wants_a_measured_one_after_a_late_count)
{
    mg_reservoir_init(&reservoir, 3);
    mg_reservoir_count(&reservoir, 5);
    CHECK(mg_reservoir_wants(&reservoir));
    mg_reservoir_keep(&reservoir, 0.5);
    CHECK(reservoir.observed == 6);
    CHECK(reservoir.size == 1);
    CHECK(mg_reservoir_wants(&reservoir));
}

TEST(histogram_merge_loses_nothing_while_all_fits)
{
    mg_reservoir_init(&reservoir, 4);
    mg_reservoir_init(&other, 5);
    record_range(&reservoir, 0, 400);
    record_range(&other, 400, 600);
    mg_reservoir_merge(&reservoir, &other);
    CHECK(reservoir.size == 1000);
    CHECK(reservoir.observed == 1000);
    for (size_t i = 0; i < 1000; i++) CHECK(samples_between(&reservoir, (double)i, (double)i + 0.5) == 1);
    CHECK(other.size == 600);
}

TEST(histogram_merge_is_in_proportion)
{
    size_t from_other = 0;

    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        mg_reservoir_init(&reservoir, 2 * trial);
        mg_reservoir_init(&other, 2 * trial + 1);
        record_range(&reservoir, 0, 30000);
        record_range(&other, 30000, 10000);
        mg_reservoir_merge(&reservoir, &other);
        CHECK(reservoir.size == MG_RESERVOIR_SIZE);
        CHECK(reservoir.observed == 40000);
        CHECK(reservoir.sampler.next >= 40000);
        from_other += samples_between(&reservoir, 30000, 40000);
    }
    double expected = TRIALS * MG_RESERVOIR_SIZE / 4.0;
    CHECK(fabs((double)from_other - expected) < 5 * sqrt(expected * 0.75));
}

TEST(histogram_merge_draws_no_sample_twice)
{
    static unsigned char seen[9000];

    mg_reservoir_init(&reservoir, 6);
    mg_reservoir_init(&other, 7);
    record_range(&reservoir, 0, 5000);
    record_range(&other, 5000, 4000);
    mg_reservoir_merge(&reservoir, &other);
    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < reservoir.size; i++) CHECK(++seen[(size_t)reservoir.samples[i]] == 1);
}

TEST(histogram_absorbs_a_few_samples_of_many)
{
    static double few[3] = { 1, 2, 3 };

    mg_reservoir_init(&reservoir, 8);
    mg_reservoir_absorb(&reservoir, few, 3, 5000);
    CHECK(reservoir.observed == 5000);
    CHECK(reservoir.size == 3);
    mg_reservoir_absorb(&reservoir, few, 0, 70);
    CHECK(reservoir.observed == 5070);
    mg_reservoir_absorb(&reservoir, few, 3, 0);
    CHECK(reservoir.observed == 5073);
    CHECK(reservoir.size == 6);
}

TEST(histogram_takes_back_what_was_counted_unmeasured)
{
    mg_reservoir_init(&reservoir, 12);
    record_range(&reservoir, 0, 3);
    mg_reservoir_count(&reservoir, 5);
    CHECK(mg_reservoir_uncount(&reservoir, 2) == 2);
    CHECK(reservoir.observed == 6);
    CHECK(mg_reservoir_uncount(&reservoir, 9) == 3);
    CHECK(mg_reservoir_uncount(&reservoir, 1) == 0);
    record_range(&reservoir, 3, 2);
    CHECK(reservoir.observed == 5);
    CHECK(reservoir.size == 5);

    record_range(&reservoir, 5, MG_RESERVOIR_SIZE);
    mg_reservoir_count(&reservoir, 5);
    CHECK(mg_reservoir_uncount(&reservoir, 5) == 0);
    CHECK(reservoir.observed == MG_RESERVOIR_SIZE + 10);
}

TEST(histogram_absorbs_more_than_it_holds)
{
    static double many[3000];

    for (size_t i = 0; i < 3000; i++) many[i] = (double)i;
    mg_reservoir_init(&reservoir, 9);
    record_range(&reservoir, 5000, 10);
    mg_reservoir_absorb(&reservoir, many, 3000, 9000);
    CHECK(reservoir.size == MG_RESERVOIR_SIZE);
    CHECK(reservoir.observed == 9010);
    CHECK(samples_between(&reservoir, 0, 3000) > 980);

    mg_reservoir_init(&reservoir, 10);
    mg_reservoir_absorb(&reservoir, many, 3000, 3000);
    CHECK(reservoir.size == MG_RESERVOIR_SIZE);
    CHECK(reservoir.observed == 3000);
}

TEST(histogram_goes_on_after_astronomical_counts)
{
    mg_reservoir_init(&reservoir, 11);
    record_range(&reservoir, 0, MG_RESERVOIR_SIZE);
    mg_reservoir_absorb(&reservoir, NULL, 0, UINT64_C(1) << 60);
    CHECK(reservoir.sampler.next >= reservoir.observed);
    CHECK(reservoir.size == MG_RESERVOIR_SIZE);
}
