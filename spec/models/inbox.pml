/* An inbox with bounded room: writers that wait for room, workers that wait for items, and
 * workers whose threads are killed while they wait. All is made under one lock; a wait gives it
 * up, sleeps on a bell of its own, and takes it again. A ring before the sleep is kept.
 *
 * A ring takes the waiter off its list. So a worker that is killed may have a ring that was
 * meant for whoever serves the inbox: when it leaves it rouses another one.
 *
 * Holds: every item that is pushed is worked on once, and all writers and workers end.
 *
 * BROKEN == 1: a ring before the sleep is lost
 * BROKEN == 2: a worker that is killed rouses nobody
 * BROKEN == 3: writers are not told of room
 * BROKEN == 4: the end of the stream wakes one worker only
 * BROKEN == 5: the last worker of the inbox is not replaced
 */
#ifndef BROKEN
#define BROKEN 0
#endif

#define STICKY (BROKEN != 1)
#define ROUSES (BROKEN != 2)
#define TELLS_OF_ROOM (BROKEN != 3)
#define ENDS_ALL (BROKEN != 4)
#define REPLACES (BROKEN != 5)

#define CAPACITY 2
#define WRITERS 2
#define WORKERS 2
#define EACH 2
#define KILLS 2

byte queued = 0, pending = 0, producing = WRITERS;
byte pushed = 0, done = 0, serving = 0;
byte kills = 0; /* that are still to come */
bool ended = false;

bool listed[WORKERS], asleep[WORKERS], rung[WORKERS];
bool waits[WRITERS], dozes[WRITERS], told[WRITERS];

/* Lock held. */
inline ring(w) {
    listed[w] = false;
    if :: STICKY || asleep[w] -> rung[w] = true :: else -> skip fi
}

/* Lock held. The newest on the list, as good as any. */
inline ring_one() {
    if :: listed[0] -> ring(0) :: listed[1] -> ring(1) :: !listed[0] && !listed[1] -> skip fi
}

inline end_if_done() {
    if
    :: pending == 0 && producing == 0 ->
       ended = true;
       if :: ENDS_ALL -> ring_one(); ring_one() :: else -> ring_one() fi
    :: else -> skip
    fi
}

/* Half empty: whoever waits for room may try. */
inline leave_inbox() {
    queued--;
    if
    :: TELLS_OF_ROOM && queued <= CAPACITY / 2 ->
       for (each : 0 .. WRITERS - 1) {
           if
           :: waits[each] ->
              waits[each] = false;
              if :: STICKY || dozes[each] -> told[each] = true :: else -> skip fi
           :: else -> skip
           fi
       };
       each = 0
    :: else -> skip
    fi
}

proctype writer(byte me) {
    byte left = EACH;

    do
    :: left == 0 -> break
    :: left > 0 ->
       atomic {
           if
           :: queued < CAPACITY -> queued++; pending++; pushed++; left--; ring_one()
           :: else -> waits[me] = true; told[me] = false
           fi
       };
       if
       :: waits[me] || told[me] ->
          atomic { dozes[me] = true };
          atomic { told[me] -> told[me] = false; dozes[me] = false; waits[me] = false }
       :: else -> skip
       fi
    od;
    atomic { producing--; end_if_done() }
}

proctype worker(byte me) {
    byte each;
    bool idle = false;

    do
    :: atomic {
           if
           :: queued > 0 -> leave_inbox(); idle = false
           :: queued == 0 && ended -> goto out
           :: else -> listed[me] = true; rung[me] = false; idle = true
           fi
       };
       if
       :: !idle -> atomic { done++; pending--; end_if_done() }
       :: idle ->
          asleep[me] = true;
          if
          :: atomic { rung[me] -> rung[me] = false; asleep[me] = false; listed[me] = false }
          :: atomic { kills > 0 -> kills--; asleep[me] = false; listed[me] = false; rung[me] = false; goto killed }
          fi
       fi
    od;
killed:
    atomic {
        serving--;
        if
        :: ended -> skip
        :: !ended && serving == 0 -> if :: REPLACES -> serving++; run worker(me) :: else -> skip fi
        :: !ended && serving > 0 && queued > 0 -> if :: ROUSES -> ring_one() :: else -> skip fi
        :: else -> skip
        fi;
        goto gone
    };
out:
    serving--;
gone:
    skip
}

init {
    byte i;

    atomic {
        serving = WORKERS;
        if :: kills = 0 :: kills = 1 :: kills = KILLS fi;
        for (i : 0 .. WRITERS - 1) { run writer(i) };
        for (i : 0 .. WORKERS - 1) { run worker(i) }
    };
    (_nr_pr == 1);
    assert(pushed == WRITERS * EACH && done == pushed && queued == 0 && pending == 0 && ended)
}
