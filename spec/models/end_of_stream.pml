/* How a run ends: the ledger of outstanding work, with steps that address each other
 * by name.
 *
 *   SOURCE -> RETRY            RETRY sends what fails to MEND by name
 *   MEND -> LAST               MEND sends it back to RETRY by name, and may, at its
 *   LATE -> LAST               flush, send to LATE by name
 *
 * MEND and LATE have nothing before them in the graph and await what is sent by name.
 * `pending` counts live producers, items in queues, items in hands and flushes. A step
 * is closed, that is, told to flush and leave, by the cascade: all before it have ended
 * and no live step sends by name; or by the count: nothing is pending, and it is the
 * first such step in the order of definition. Taking, sending, settling and closing
 * are made under one lock; user code runs between them.
 *
 * Holds: nothing is sent to a step that is closed, whatever was made is done once, all
 * steps end.
 *
 * BROKEN == 1: an item in hand is settled when it is taken, not when its outputs are sent
 * BROKEN == 2: the count closes all open steps at once
 * BROKEN == 3: the cascade forgets that a live step may still send by name
 * BROKEN == 4: an item is counted after it can be taken
 */
#ifndef BROKEN
#define BROKEN 0
#endif

#if BROKEN == 1
#define SETTLED_EARLY 1
#else
#define SETTLED_EARLY 0
#endif

#if BROKEN == 2
#define COUNT_CLOSES (pending == 0 || counted)
#else
#define COUNT_CLOSES (pending == 0)
#endif

#if BROKEN == 3
#define NOBODY_SENDS true
#else
#define NOBODY_SENDS (ended[RETRY] && ended[MEND])
#endif

#if BROKEN == 4
#define COUNTED_LATE 1
#else
#define COUNTED_LATE 0
#endif

#define SOURCE 0
#define RETRY 1
#define MEND 2
#define LATE 3
#define LAST 4
#define STEPS 5
#define ITEMS 3

#define FRESH 0
#define MENDED STEPS
#define LEFT(step) (queue[FRESH + step] + queue[MENDED + step])
#define AWAITS(step) (step == MEND || step == LATE)
#define UPSTREAMS_ENDED(step)                                                                      \
    (step == RETRY && ended[SOURCE] || AWAITS(step) || step == LAST && ended[MEND] && ended[LATE])

short pending = 0;
byte queue[10]; /* items that wait, by what they are and for which step */
byte busy[STEPS];
bool closed[STEPS];
bool ended[STEPS];

byte made = 0, done = 0;         /* items of SOURCE */
byte reported = 0, received = 0; /* items of flushes */

/* Lock held. Closes what nothing can reach any more. */
inline settle() {
    for (step : RETRY .. LAST) {
        if
        :: !closed[step] && UPSTREAMS_ENDED(step) && !AWAITS(step) && NOBODY_SENDS &&
           LEFT(step) + busy[step] == 0 ->
           closed[step] = true;
           pending++
        :: else -> skip
        fi
    };
    for (step : RETRY .. LAST) {
        if
        :: !closed[step] && UPSTREAMS_ENDED(step) && COUNT_CLOSES ->
           closed[step] = true;
           pending++;
           counted = true
        :: else -> skip
        fi
    };
    counted = false;
    step = 0
}

inline send(kind, target) {
    d_step {
        assert(!closed[target]);
        queue[kind + target]++;
        pending = pending + 1 - COUNTED_LATE
    };
    pending = pending + COUNTED_LATE
}

inline take(kind) {
    queue[kind + me]--;
    busy[me]++;
    if
    :: SETTLED_EARLY -> pending--; settle()
    :: else -> skip
    fi
}

inline finish() {
    atomic {
        busy[me]--;
        pending = pending - 1 + SETTLED_EARLY;
        settle()
    }
}

inline leave() {
    atomic {
        closed[me] = true;
        ended[me] = true;
        pending--;
        settle()
    }
}

proctype source() {
    byte me = SOURCE, step;
    bool counted = false;

    do
    :: made < ITEMS -> made++; send(FRESH, RETRY)
    :: else -> break
    od;
    leave()
}

proctype worker(byte me) {
    byte step;
    bool counted = false;

    do
    :: atomic { queue[FRESH + me] > 0 -> take(FRESH) };
       if
       :: me == RETRY -> done++
       :: me == RETRY -> send(FRESH, MEND)
       :: me == MEND -> send(MENDED, RETRY)
       :: me == LATE -> send(FRESH, LAST)
       :: me == LAST -> received++
       fi;
       finish()
    :: atomic { queue[MENDED + me] > 0 -> take(MENDED) };
       done++;
       finish()
    :: closed[me] && LEFT(me) == 0 -> break
    od;
    if
    :: me == MEND -> reported++; send(FRESH, LATE)
    :: me == LATE -> reported++; send(FRESH, LAST)
    :: true -> skip
    fi;
    leave()
}

init {
    byte step;

    atomic {
        pending = 1;
        run source();
        for (step : RETRY .. LAST) { run worker(step) }
    };
    (_nr_pr == 1);
    assert(made == ITEMS && done == made && received == reported && pending == 0);
    for (step : SOURCE .. LAST) { assert(ended[step] && LEFT(step) == 0) }
}
