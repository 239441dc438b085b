/* Items that failed and wait to be tried again, in a run that may be drained or cancelled at any
 * time. A parked item is in nobody's hands and no inbox, but on the ledger. The run's owner brings
 * it back when it is due; it sleeps until something is parked or due, or the run is over.
 *
 * Holds: the run ends, and of the items it accepted each is done, failed or cancelled.
 *
 * BROKEN == 1: a parked item is not on the ledger
 * BROKEN == 2: a cancel forgets what is parked
 * BROKEN == 3: the owner is not told that something was parked
 * BROKEN == 4: a drain forgets what is parked
 * BROKEN == 5: a cancel forgets what is in hand
 */
#ifndef BROKEN
#define BROKEN 0
#endif

#define ON_LEDGER (BROKEN != 1)
#define COUNTS_PARKED (BROKEN != 2)
#define TELLS (BROKEN != 3)
#define DRAIN_KEEPS (BROKEN != 4)
#define COUNTS_IN_HAND (BROKEN != 5)

#define ITEMS 3
#define ATTEMPTS 2
#define WORKERS 2

/* Of all items that wait, how many have failed so often. */
byte queued[ATTEMPTS], parked[ATTEMPTS];
byte made = 0, accepted = 0, done = 0, failed = 0, cancelled = 0;
byte pending = 1; /* the producer */
bool cancel = false, draining = false, ended = false, told = false;

#define QUEUED (queued[0] + queued[1])
#define PARKED (parked[0] + parked[1])

/* Lock held. */
inline work_done() {
    pending--;
    if :: pending == 0 && !cancel -> ended = true; told = true :: else -> skip fi
}

proctype producer() {
    do
    :: atomic {
           made < ITEMS && !draining && !cancel ->
           made++; accepted++; queued[0]++; pending++
       }
    :: made == ITEMS || draining || cancel -> break
    od;
    atomic { work_done() }
}

proctype worker() {
    byte attempt;

    do
    :: atomic { QUEUED > 0 && !cancel -> if :: queued[0] > 0 -> attempt = 0 :: queued[1] > 0 -> attempt = 1 fi; queued[attempt]-- };
       if
       :: atomic { !cancel -> done++; work_done() }
       :: atomic { !cancel && attempt + 1 == ATTEMPTS -> failed++; work_done() }
       :: atomic {
              !cancel && attempt + 1 < ATTEMPTS ->
              parked[attempt + 1]++;
              if :: TELLS -> told = true :: else -> skip fi;
              if :: ON_LEDGER -> skip :: else -> work_done() fi
          }
       :: atomic { cancel -> if :: COUNTS_IN_HAND -> cancelled++ :: else -> skip fi; break }
       fi
    :: ended || cancel -> break
    od
}

/* Brings back what is due: any of it, since the clock may stand anywhere. */
proctype owner() {
    bool aware = false; /* of something parked, so that it sleeps no longer than that takes */

    do
    :: atomic { told -> told = false; aware = PARKED > 0 }
    :: atomic {
           aware && PARKED > 0 ->
           if :: parked[0] > 0 -> parked[0]--; queued[0]++ :: parked[1] > 0 -> parked[1]--; queued[1]++ fi;
           if :: ON_LEDGER -> skip :: else -> pending++ fi;
           aware = PARKED > 0
       }
    :: atomic { (ended || cancel) && !told -> break }
    od
}

/* What users and signals do, at some time or never. */
proctype user() {
    if
    :: atomic {
           true ->
           draining = true;
           if
           :: DRAIN_KEEPS -> skip
           :: else -> pending = pending - PARKED; parked[0] = 0; parked[1] = 0; if :: pending == 0 -> ended = true; told = true :: else -> skip fi
           fi
       }
    :: true -> skip
    fi;
    if
    :: atomic { !ended -> cancel = true; told = true }
    :: true -> skip
    fi
}

init {
    byte i;

    atomic {
        run producer();
        for (i : 1 .. WORKERS) { run worker() };
        run owner();
        run user()
    };
    (_nr_pr == 1);
    if
    :: cancel -> cancelled = cancelled + QUEUED; if :: COUNTS_PARKED -> cancelled = cancelled + PARKED :: else -> skip fi
    :: else -> skip
    fi;
    assert(accepted == done + failed + cancelled);
    assert(ended || cancel);
    assert(cancel || (QUEUED == 0 && PARKED == 0 && pending == 0))
}
