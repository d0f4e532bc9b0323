//! A guest takes no more of the pool than it was granted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use algohost_kernels::{Budget, Cancel, Context, Permits, Pool};

fn context(pool: &Pool, permits: &Permits, cancel: &Cancel) -> Context {
    Context::new(Budget::new(1 << 20), cancel.clone(), pool.clone()).with_permits(permits.clone())
}

#[test]
fn no_more_kernels_of_a_guest_are_in_the_pool_than_it_has_permits() {
    let (pool, permits) = (Pool::new(4).unwrap(), Permits::new(2));
    let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            let context = context(&pool, &permits, &Cancel::default());
            let (inside, most) = (&inside, &most);
            scope.spawn(move || {
                for _ in 0..50 {
                    context.in_pool(|| {
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            });
        }
    });
    assert!((1..=2).contains(&most.load(Ordering::SeqCst)), "{most:?} at once");
}

#[test]
fn a_kernel_that_enters_the_pool_from_within_needs_no_second_permit() {
    let (pool, permits) = (Pool::new(1).unwrap(), Permits::new(1));
    let context = context(&pool, &permits, &Cancel::default());
    assert_eq!(context.in_pool(|| context.in_pool(|| 7)), 7);
}

#[test]
fn waiting_for_a_permit_ends_when_the_work_is_cancelled() {
    let (pool, permits) = (Pool::new(2).unwrap(), Permits::new(1));
    let (holder, cancel) = (context(&pool, &permits, &Cancel::default()), Cancel::default());
    let waiter = context(&pool, &permits, &cancel);
    let (held, is_held) = channel();
    let (release, released) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || holder.in_pool(move || (held.send(()), released.recv())));
        is_held.recv().unwrap();
        let waiting = scope.spawn(move || waiter.in_pool(|| waiter.check("wait").is_err()));
        cancel.cancel();
        assert!(waiting.join().unwrap(), "the cancelled work was let in as if it had a permit");
        release.send(()).unwrap();
    });
}
