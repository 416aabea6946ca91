//! A machine's failed assertion is a finding, not the end of the program: it is caught at the edge of the turn, and its
//! message does not reach the terminal.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// `Some` while this thread is inside a machine's step; then what failed there, if anything did.
    static GUARD: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Runs a machine's step. Errors: what the failed assertion says, and where it stands.
pub(super) fn guarded(step: impl FnOnce()) -> Result<(), String> {
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !note(panic) {
                usual(panic);
            }
        }));
    });
    GUARD.set(Some(String::new()));
    let outcome = catch_unwind(AssertUnwindSafe(step));
    let noted = GUARD.take().unwrap_or_default();
    outcome.map_err(|_| noted)
}

/// Keeps what a panic inside a step says. False when this thread is not inside one.
fn note(panic: &PanicHookInfo<'_>) -> bool {
    GUARD.with_borrow_mut(|guard| {
        let Some(noted) = guard else { return false };
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        *noted = format!("{}{place}", text.unwrap_or("a panic without words"));
        true
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_assertion_is_a_value() {
        assert_eq!(guarded(|| {}), Ok(()));
        let failure = guarded(|| panic!("offsets do not go back")).expect_err("the step failed");
        assert!(failure.starts_with("offsets do not go back at "), "{failure}");
        assert_eq!(guarded(|| {}), Ok(()));
    }
}
