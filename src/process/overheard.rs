//! Copies a child's stderr to ours as it arrives and keeps the end of it.
//!
//! Used where stderr is not a terminal. Bytes and their order are unchanged. A descendant that keeps the pipe open does
//! not block the caller.

use super::Stdout;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many bytes of the end are kept. wrangler's errors are far shorter.
const KEPT: usize = 64 * 1024;
/// How long nothing may arrive, once the child has ended, until the rest is taken for a descendant's. The child's own output
/// is in the pipe by then.
const PATIENCE: Duration = Duration::from_millis(500);

pub(super) struct Overheard {
    copied: Arc<Copied>,
    ended: Receiver<()>,
}

#[derive(Default)]
struct Copied {
    /// The end of it, at most `KEPT` bytes.
    text: Mutex<Vec<u8>>,
    /// How many bytes have been read.
    read: AtomicUsize,
    /// How many bytes have been written to our stderr; fewer than were read while its reader is slow.
    written: AtomicUsize,
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
        let copied = Arc::new(Copied::default());
        let (end, ended) = mpsc::channel();
        let copying = Arc::clone(&copied);
        std::thread::spawn(move || {
            copy(reader, &copying);
            let _ = end.send(()); // the receiver may be gone
        });
        Ok((Self { copied, ended }, writer, for_stdout))
    }

    /// Returns what was written, once all of the child's is copied: a slow reader of our stderr is waited for. Output of a
    /// descendant that keeps the pipe open is still copied until we exit.
    pub(super) fn end(self) -> String {
        let mut before = self.copied.read.load(Ordering::SeqCst);
        while self.ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            let read = self.copied.read.load(Ordering::SeqCst);
            if read == before && self.copied.written.load(Ordering::SeqCst) == read {
                break;
            }
            before = read;
        }
        String::from_utf8_lossy(&self.copied.text.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

fn copy(mut reader: PipeReader, copied: &Copied) {
    let mut buffer = [0; 8 * 1024];
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => &buffer[..read],
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        copied.read.fetch_add(read.len(), Ordering::SeqCst);
        let mut kept = copied.text.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(read);
        let over = kept.len().saturating_sub(KEPT);
        kept.drain(..over);
        drop(kept);
        if std::io::stderr().write_all(read).is_err() {
            return; // our stderr is closed: close the child's pipe, so that it gets the same error
        }
        copied.written.fetch_add(read.len(), Ordering::SeqCst);
    }
}

fn same_file(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> bool {
    match (rustix::fs::fstat(one), rustix::fs::fstat(other)) {
        (Ok(one), Ok(other)) => (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino),
        _ => false,
    }
}
