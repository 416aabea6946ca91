//! One place for one value between two madsim tasks of one thread.

use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};

/// Holds at most one value, and at most one task that waits for it.
#[derive(Debug)]
pub(super) struct Mailbox<T> {
    inside: Mutex<(Option<T>, Option<Waker>)>,
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self { inside: Mutex::new((None, None)) }
    }
}

impl<T> Mailbox<T> {
    /// Puts a value in and wakes whoever waits for it.
    pub(super) fn put(&self, value: T) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.0 = Some(value);
        let waker = inside.1.take();
        drop(inside);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits for a value and takes it out.
    pub(super) async fn take(&self) -> T {
        poll_fn(|task| {
            let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
            match inside.0.take() {
                Some(value) => Poll::Ready(value),
                None => {
                    inside.1 = Some(task.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}
