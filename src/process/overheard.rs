//! Copies a child's stderr to ours as it arrives and keeps the end of it.
//!
//! Used where stderr is not a terminal. Bytes and their order are unchanged. A descendant that keeps the pipe open does
//! not block the caller.

use super::Stdout;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many bytes of the end are kept. wrangler's errors are far shorter.
const KEPT: usize = 64 * 1024;
/// How long to wait for remaining output after the child has ended; by then its own output is in the pipe.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) struct Overheard {
    text: Arc<Mutex<Vec<u8>>>,
    ended: Receiver<()>,
}

impl Overheard {
    /// Returns the pipe for the child's stderr, and the same pipe for its stdout if both go to one destination: with
    /// two writers, the order of the output could change.
    ///
    /// # Errors
    /// The system's, when there is no pipe to be had.
    pub(super) fn start(stdout: Stdout) -> std::io::Result<(Self, PipeWriter, Option<PipeWriter>)> {
        let (reader, writer) = std::io::pipe()?;
        let one_place = stdout == Stdout::ToStderr || same_file(std::io::stdout().as_fd(), std::io::stderr().as_fd());
        let for_stdout = one_place.then(|| writer.try_clone()).transpose()?;
        let text = Arc::new(Mutex::new(Vec::new()));
        let (end, ended) = mpsc::channel();
        let kept = Arc::clone(&text);
        std::thread::spawn(move || {
            copy(reader, &kept);
            let _ = end.send(()); // the receiver may be gone
        });
        Ok((Self { text, ended }, writer, for_stdout))
    }

    /// Returns what was written. Output of a descendant that keeps the pipe open is still copied until we exit.
    pub(super) fn end(self) -> String {
        let _ = self.ended.recv_timeout(PATIENCE);
        String::from_utf8_lossy(&self.text.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

fn copy(mut reader: PipeReader, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 8 * 1024];
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => &buffer[..read],
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(read);
        let over = kept.len().saturating_sub(KEPT);
        kept.drain(..over);
        drop(kept);
        if std::io::stderr().write_all(read).is_err() {
            return; // our stderr is closed: close the child's pipe, so that it gets the same error
        }
    }
}

fn same_file(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> bool {
    match (rustix::fs::fstat(one), rustix::fs::fstat(other)) {
        (Ok(one), Ok(other)) => (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino),
        _ => false,
    }
}
