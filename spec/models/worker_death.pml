/* Persistent fork workers that may be killed at any step. The parent keeps a table of
 * what each worker has in hand, drains what a dead one wrote, gives its item to another
 * up to ATTEMPTS times, and then to the error policy: it becomes a dead letter.
 *
 * Holds: each item is emitted once or is a dead letter once, and the run ends.
 *
 * BROKEN == 1: on a death the item is given away without draining the dead one's results
 * BROKEN == 2: an item is forgotten when it is sent
 * BROKEN == 3: as 1, but a second result of an item is ignored
 */
#ifndef BROKEN
#define BROKEN 0
#endif

#define ITEMS 3
#define WORKERS 2
#define KILLS 3
#define ATTEMPTS 3
#define NONE 255

#define DRAINED (BROKEN == 0 || BROKEN == 2)
#define REMEMBERED (BROKEN != 2)
#define ONCE_ONLY (BROKEN == 3)
#define UNSETTLED(x) (emitted[x] == 0 && letter[x] == 0)
#define ANY_WAITS (waits[0] || waits[1] || waits[2])

chan requests[WORKERS] = [1] of { byte };
chan results[WORKERS] = [1] of { byte };
bool dead[WORKERS];
byte in_hand[WORKERS];
byte kills = 0;

bool waits[ITEMS];
byte attempts[ITEMS], executed[ITEMS], emitted[ITEMS], letter[ITEMS];
byte settled = 0;
bool stopping = false;

proctype worker(byte w) {
    byte x;

    do
    :: atomic { requests[w]?x -> if :: x == NONE -> goto out :: else -> skip fi };
       executed[x]++;
       if :: atomic { kills < KILLS -> kills++; goto killed } :: true -> skip fi;
       results[w]!x;
       if :: atomic { kills < KILLS -> kills++; goto killed } :: true -> skip fi
    :: atomic { kills < KILLS && !stopping -> kills++; goto killed }
    od;
killed:
    dead[w] = true;
out:
    skip
}

inline dispatch(w) {
    atomic {
        in_hand[w] == NONE && !dead[w] && ANY_WAITS ->
        if :: waits[0] -> x = 0 :: else -> if :: waits[1] -> x = 1 :: else -> x = 2 fi fi;
        waits[x] = false;
        attempts[x]++;
        in_hand[w] = x
    };
    /* The pipe of a dead worker is broken. */
    if :: requests[w]!x :: dead[w] -> skip fi;
    if :: REMEMBERED -> skip :: else -> in_hand[w] = NONE fi
}

inline accept(w) {
    if
    :: !ONCE_ONLY || UNSETTLED(x) -> emitted[x]++; settled++
    :: else -> skip
    fi;
    if :: in_hand[w] == x -> in_hand[w] = NONE :: else -> skip fi
}

inline collect(w) {
    atomic { results[w]?x -> accept(w) }
}

inline give_away(w) {
    x = in_hand[w];
    in_hand[w] = NONE;
    if
    :: x == NONE || ONCE_ONLY && !UNSETTLED(x) -> skip
    :: else ->
       if
       :: attempts[x] >= ATTEMPTS -> letter[x]++; settled++
       :: else -> waits[x] = true
       fi
    fi
}

inline reap(w) {
    dead[w];
    do
    :: atomic { DRAINED && nempty(results[w]) -> results[w]?x; accept(w) }
    :: !DRAINED || empty(results[w]) -> break
    od;
    atomic { give_away(w) };
    do
    :: requests[w]?x
    :: empty(requests[w]) -> break
    od;
    atomic { dead[w] = false; run worker(w) }
}

init {
    byte w, i, x;

    atomic {
        for (w : 0 .. WORKERS - 1) { in_hand[w] = NONE; run worker(w) };
        for (i : 0 .. ITEMS - 1) { waits[i] = true }
    };
    do
    :: settled == ITEMS -> break
    :: dispatch(0)
    :: dispatch(1)
    :: collect(0)
    :: collect(1)
    :: reap(0)
    :: reap(1)
    od;
    stopping = true;
    for (w : 0 .. WORKERS - 1) { if :: requests[w]!NONE :: dead[w] -> skip fi };
    (_nr_pr == 1);
    for (i : 0 .. ITEMS - 1) {
        assert(emitted[i] + letter[i] == 1);
        assert(executed[i] >= emitted[i])
    }
}
