/* A bounded queue of one place whose waiters park on an eventcount: announce oneself,
 * look again, and sleep on a futex word unless it has moved since it was read. With
 * close. Sequentially consistent memory only.
 *
 * Holds: every item that is pushed is popped, and all producers and consumers end.
 *
 * BROKEN == 1: no second look between announcing oneself as a waiter and sleeping
 * BROKEN == 2: close wakes one waiter only
 * BROKEN == 3: a consumer leaves a closed queue without a look at what is in it
 */
#ifndef BROKEN
#define BROKEN 0
#endif

#define CAPACITY 1
#define PRODUCERS 2
#define CONSUMERS 2
#define EACH 2

#define LOOKS_AGAIN (BROKEN != 1)
#define WAKES_ALL (BROKEN != 2)
#define DRAINED (BROKEN == 3 || size == 0)

/* A futex word, who announced himself, who sleeps, and who was woken but is not up. */
typedef event {
    byte epoch, announced, asleep, woken
};

event item, room;
byte size = 0;
bool closed = false;
byte producing = PRODUCERS;
byte pushed = 0, popped = 0;

/* After a change: the epoch first, then, if anyone announced himself, one sleeper. */
inline signal_one(e) {
    d_step { e.epoch = (e.epoch + 1) % 16 };
    if
    :: e.announced > 0 -> d_step { if :: e.asleep > 0 -> e.asleep--; e.woken++ :: else -> skip fi }
    :: else -> skip
    fi
}

/* Sleeps unless `ready` by now, or the epoch has moved since it was read. */
inline park(e, ready) {
    e.announced = e.announced + 1;
    seen = e.epoch;
    if
    :: LOOKS_AGAIN && (ready) -> skip
    :: else ->
       if
       :: atomic { e.epoch == seen -> e.asleep++ }; atomic { e.woken > 0 -> e.woken-- }
       :: e.epoch != seen -> skip
       fi
    fi;
    e.announced = e.announced - 1
}

proctype producer() {
    byte left = EACH, seen;
    bool got;

    do
    :: left == 0 -> break
    :: left > 0 ->
       atomic { got = size < CAPACITY; if :: got -> size++; pushed++ :: else -> skip fi };
       if
       :: got -> signal_one(item); left--
       :: else -> park(room, size < CAPACITY)
       fi
    od;
    /* The last producer closes. */
    atomic {
        producing--;
        if
        :: producing == 0 ->
           closed = true;
           item.epoch = (item.epoch + 1) % 16;
           if
           :: WAKES_ALL -> item.woken = item.woken + item.asleep; item.asleep = 0
           :: !WAKES_ALL && item.asleep > 0 -> item.woken++; item.asleep--
           :: else -> skip
           fi
        :: else -> skip
        fi
    }
}

proctype consumer() {
    byte seen;
    bool got;

    do
    :: atomic { got = size > 0; if :: got -> size--; popped++ :: else -> skip fi };
       if
       :: got -> signal_one(room)
       :: !got && closed && DRAINED -> break
       :: else -> park(item, size > 0 || closed)
       fi
    od
}

init {
    byte i;

    atomic {
        for (i : 1 .. PRODUCERS) { run producer() };
        for (i : 1 .. CONSUMERS) { run consumer() }
    };
    (_nr_pr == 1);
    assert(pushed == PRODUCERS * EACH && popped == pushed && size == 0 && closed)
}
