//! The folder of the masters' sockets, and the moment when a master begins to listen there.
//!
//! A Unix socket's path is short (108 bytes, of which ssh needs 17 for itself), and whoever can open a master's socket
//! can do what its user can: the folder is ours alone.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::fs::inotify;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

/// The longest path of a folder that leaves room for the socket's name and for what ssh adds to it, in bytes.
const LONGEST: usize = 70;
/// How often a socket is looked for when the kernel tells nothing (all its inotify instances are taken).
const LOOK: Duration = Duration::from_millis(250);

/// A folder that disappears with it.
pub struct Sockets {
    folder: TempDir,
    /// Locked as long as this process lives, so that `benchbook clean` elsewhere knows it for one in use.
    _lock: File,
    last: AtomicU32,
    arrived: Arc<Notify>,
    _watcher: Option<AbortOnDropHandle<()>>,
}

impl Sockets {
    /// Makes the folder: in `$XDG_RUNTIME_DIR` when that is there and short, else in /tmp.
    pub fn new() -> io::Result<Self> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let places = runtime.filter(|path| path.is_absolute() && path.as_os_str().len() <= LONGEST - 12);
        let make = |place: &Path| {
            let permissions = std::fs::Permissions::from_mode(0o700);
            tempfile::Builder::new().prefix("bb.").permissions(permissions).tempdir_in(place)
        };
        let folder = match places.map(|place| make(&place)) {
            Some(Ok(folder)) => folder,
            // Not there, or not ours to write.
            Some(Err(_)) | None => make(Path::new("/tmp"))?,
        };
        let arrived = Arc::new(Notify::new());
        let watcher = watch(folder.path(), &arrived);
        let lock = File::open(folder.path())?;
        lock.try_lock()?;
        Ok(Self { folder, _lock: lock, last: AtomicU32::new(0), arrived, _watcher: watcher.ok() })
    }

    /// A path that nobody has.
    pub fn next(&self) -> PathBuf {
        self.folder.path().join(self.last.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// Waits until a master listens at this path. It makes the socket under another name and moves it here, so that it
    /// listens from its first moment.
    pub async fn arrival(&self, socket: &Path) {
        loop {
            // Before one looks, or what comes in between would be missed.
            let next = self.arrived.notified();
            if socket.exists() {
                return;
            }
            let _ = tokio::time::timeout(LOOK, next).await;
        }
    }
}

/// Tells everybody who waits that something is new in the folder.
fn watch(folder: &Path, arrived: &Arc<Notify>) -> io::Result<AbortOnDropHandle<()>> {
    let inotify = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)?;
    inotify::add_watch(&inotify, folder, inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO)?;
    // Anything that can be polled and read will do; what exactly was read does not matter.
    let mut inotify = pipe::Receiver::from_owned_fd_unchecked(inotify)?;
    let arrived = Arc::clone(arrived);
    let watching = tokio::spawn(async move {
        let mut news = [0; 4096];
        while inotify.read(&mut news).await.is_ok_and(|count| count > 0) {
            arrived.notify_waiters();
        }
    });
    Ok(AbortOnDropHandle::new(watching))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_seen_at_once() {
        let sockets = Sockets::new().unwrap();
        let (first, second) = (sockets.next(), sockets.next());
        assert_ne!(first, second);
        let mode = std::fs::metadata(sockets.folder.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(first.as_os_str().len() <= LONGEST + 4);
        let waiting = sockets.arrival(&first);
        let making = async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            std::fs::write(&first, "").unwrap();
            std::time::Instant::now()
        };
        let ((), there) = tokio::join!(waiting, making);
        assert!(there.elapsed() < Duration::from_millis(100), "{:?}", there.elapsed());
        let folder = sockets.folder.path().to_owned();
        drop(sockets);
        assert!(!folder.exists());
    }
}
