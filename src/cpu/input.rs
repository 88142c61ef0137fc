//! Standard input as it comes, left where the user asks for the end.
#![allow(unsafe_code, reason = "each block says why it holds")]

use super::stop;
use std::fs::File;
use std::io::{Error, ErrorKind, Read, Result};
use std::os::fd::{AsFd, AsRawFd};

/// How long nothing is heard of Ctrl-C while nothing comes.
const MILLISECONDS: i32 = 100;

/// Reads standard input without a buffer of its own.
pub struct Input(File);

impl Input {
    /// # Errors
    /// Standard input that is closed.
    pub fn open() -> Result<Self> {
        Ok(Self(std::io::stdin().as_fd().try_clone_to_owned()?.into()))
    }

    /// Waits until there is something to read, the end or an error too; false where the user asks for the end before.
    fn is_there(&self) -> bool {
        while !stop::asked() {
            let mut asked = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: it is given one `pollfd`, which outlives the call, and a descriptor that `self` keeps open.
            let found = unsafe { libc::poll(&raw mut asked, 1, MILLISECONDS) };
            // A signal ends the call before anything is there: it may be the one that is waited for.
            let by_signal = found < 0 && Error::last_os_error().kind() == ErrorKind::Interrupted;
            if found != 0 && !by_signal {
                return true;
            }
        }
        false
    }
}

impl Read for Input {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize> {
        if self.is_there() { self.0.read(bytes) } else { Err(Error::other("interrupted")) }
    }
}
