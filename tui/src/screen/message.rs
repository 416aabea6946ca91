//! What can be asked of the screen. Keys, the loop's clock and tests all speak these.

use tribunal::time::Duration;

/// A wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// To the next beat.
    BeatForward,
    /// To the beat before.
    BeatBack,
    /// To the next event.
    EventForward,
    /// To the event before.
    EventBack,
    /// To the beginning.
    Start,
    /// To the end.
    End,
    /// To the next event of the chosen kind.
    KindForward,
    /// To the event of the chosen kind before.
    KindBack,
    /// To the next step at which a claim is found broken.
    VerdictForward,
    /// To the one before.
    VerdictBack,
    /// Play, or pause.
    PlayOrPause,
    /// Play faster.
    Faster,
    /// Play slower.
    Slower,
    /// Real time has passed while playing.
    Passed(Duration),
    /// Show the Cluster view.
    ShowCluster,
    /// Show the Logs view.
    ShowLogs,
    /// Show the Groups view.
    ShowGroups,
    /// Show the next view.
    NextView,
    /// To the next pane: in the Cluster view the other list, in the Logs view the next partition's lanes.
    NextPane,
    /// To the pane before.
    PreviousPane,
    /// Select the next row: of servers or partitions.
    SelectNext,
    /// Select the row before.
    SelectPrevious,
    /// Look into what is selected.
    Open,
    /// Draw records larger or smaller.
    Zoom,
    /// Look at earlier offsets.
    ScrollLeft,
    /// Look at later offsets.
    ScrollRight,
    /// Tell why instead of what, or back.
    Why,
    /// Show the keys.
    Help,
    /// Show the menu of kinds.
    ChooseKind,
    /// Ask for a step or a time.
    AskWhere,
    /// Up in a menu.
    Up,
    /// Down in a menu.
    Down,
    /// A character typed at the prompt.
    Typed(char),
    /// Take the last character back.
    Erase,
    /// Take what the overlay offers.
    Accept,
    /// Close the overlay.
    Close,
    /// Leave.
    Quit,
}
