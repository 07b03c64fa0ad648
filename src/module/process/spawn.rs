//! Starting a program in a session of its own, without copying this process first.
//!
//! The standard library can only fork for a session (`pre_exec`), and a fork copies the page tables of an agent, or of a whole
//! controller around it. `posix_spawn` lends them to the child until the program has begun; see `posix_spawn(3)`.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::io::{self, PipeReader};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::ptr;
use std::thread;
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, WaitOptions, pidfd_open, waitid, waitpid};

/// Where programs are looked for when the environment does not say; as in `execvp(3)`.
const PATH: &str = "/bin:/usr/bin";
/// Who reads a program that the kernel does not know how to start; as in `execvp(3)`.
const SHELL: &CStr = c"/bin/sh";

/// What is to be started.
pub struct Program<'a> {
    /// The program, looked up in its own PATH, and its arguments.
    pub argv: &'a [OsString],
    /// All that it has.
    pub environment: &'a BTreeMap<OsString, OsString>,
    /// Where it runs; by default where this process does.
    pub cwd: Option<&'a Path>,
    /// What it reads.
    pub stdin: OwnedFd,
}

/// One that was started, is the leader of its session, and has to be waited for.
pub struct Child {
    /// Its number, which nobody else gets before [`wait`].
    pub pid: Pid,
    /// What it writes.
    pub stdout: PipeReader,
    /// What it complains about.
    pub stderr: PipeReader,
}

impl Program<'_> {
    /// Starts it.
    pub fn start(&self) -> io::Result<Child> {
        let invalid = |what| io::Error::new(io::ErrorKind::InvalidInput, what);
        let name = self.argv.first().ok_or_else(|| invalid("an empty command line"))?;
        let ((stdout, to_stdout), (stderr, to_stderr)) = (io::pipe()?, io::pipe()?);
        let mut actions = Actions::new()?;
        actions.hand_over(self.stdin.as_fd(), libc::STDIN_FILENO)?;
        actions.hand_over(to_stdout.as_fd(), libc::STDOUT_FILENO)?;
        actions.hand_over(to_stderr.as_fd(), libc::STDERR_FILENO)?;
        let cwd = self.cwd.map(|folder| CString::new(folder.as_os_str().as_bytes())).transpose()?;
        if let Some(folder) = &cwd {
            actions.enter(folder)?;
        }
        let argv = Words::new(self.argv.iter().map(|word| word.as_bytes().to_vec()))?;
        let variables = self.environment.iter();
        let environment = Words::new(variables.map(|(k, v)| [k.as_bytes(), b"=", v.as_bytes()].concat()))?;
        let mut problem = Errno::NOENT;
        for path in candidates(name, self.environment.get(OsStr::new("PATH"))) {
            let path = CString::new(path.into_os_string().into_encoded_bytes())?;
            let started = match begin_when_closed(&path, &actions, &argv, &environment) {
                Err(Errno::NOEXEC) => {
                    // A script without a first line that says who reads it.
                    let words = [SHELL.to_bytes(), path.to_bytes()].into_iter();
                    let rest = self.argv.iter().skip(1).map(|word| word.as_bytes());
                    let argv = Words::new(words.chain(rest).map(<[u8]>::to_vec))?;
                    begin(SHELL, &actions, &argv, &environment)
                }
                started => started,
            };
            match started {
                Ok(pid) => return Ok(Child { pid, stdout, stderr }),
                // Another folder may have a better one; but this is worth telling.
                Err(Errno::ACCESS) => problem = Errno::ACCESS,
                Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(problem.into())
    }
}

/// Where the program may be.
fn candidates(name: &OsStr, path: Option<&OsString>) -> Vec<PathBuf> {
    if name.is_empty() || name.as_bytes().contains(&b'/') {
        return vec![name.into()];
    }
    let folders = std::env::split_paths(path.map_or(OsStr::new(PATH), OsString::as_os_str));
    let paths = folders.map(|folder| if folder.as_os_str().is_empty() { ".".into() } else { folder });
    // A relative one is seen from the child's folder.
    paths.map(|folder| folder.join(name)).filter(|path| path.is_relative() || path.exists()).collect()
}

/// How often a program is tried that somebody seems to be writing, and how long from one try to the next.
const TRIES: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(10);

/// Starts a program that may have been written a moment ago: a child of another thread holds what this process had open until
/// it is a program itself.
fn begin_when_closed(
    path: &CStr,
    actions: &Actions,
    argv: &Words,
    environment: &Words,
) -> Result<Pid, Errno> {
    let mut started = begin(path, actions, argv, environment);
    for _ in 0..TRIES {
        if started != Err(Errno::TXTBSY) {
            break;
        }
        thread::sleep(BETWEEN);
        started = begin(path, actions, argv, environment);
    }
    started
}

/// Has the kernel start it.
fn begin(path: &CStr, actions: &Actions, argv: &Words, environment: &Words) -> Result<Pid, Errno> {
    let attributes = Attributes::new()?;
    let mut pid = 0;
    // SAFETY: all pointers are to values that live until the call returns, and both lists end with a null pointer.
    let error = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            path.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            argv.pointers.as_ptr(),
            environment.pointers.as_ptr(),
        )
    };
    checked(error)?;
    Pid::from_raw(pid).ok_or(Errno::CHILD)
}

/// These functions give the number of an error instead of setting `errno`.
fn checked(error: i32) -> Result<(), Errno> {
    if error == 0 { Ok(()) } else { Err(Errno::from_raw_os_error(error)) }
}

/// A list of words as C wants it.
struct Words {
    pointers: Vec<*mut libc::c_char>,
    /// What they point to.
    _words: Vec<CString>,
}

impl Words {
    fn new(words: impl Iterator<Item = Vec<u8>>) -> io::Result<Self> {
        let words = words.map(CString::new).collect::<Result<Vec<_>, _>>()?;
        // Nobody writes there: the type is C's.
        let pointers = words.iter().map(|word| word.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect();
        Ok(Self { pointers, _words: words })
    }
}

/// What the child does before it becomes the program.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> Result<Self, Errno> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the call makes a valid value of it.
        checked(unsafe { libc::posix_spawn_file_actions_init(actions.as_mut_ptr()) })?;
        // SAFETY: it succeeded.
        Ok(Self(unsafe { actions.assume_init() }))
    }

    /// Opens a descriptor of this process there too, under this number.
    fn hand_over(&mut self, from: BorrowedFd<'_>, to: i32) -> Result<(), Errno> {
        // SAFETY: the value is valid; a descriptor that is not open any more would be an error in the child.
        checked(unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut self.0, from.as_raw_fd(), to) })
    }

    /// Goes into this folder.
    fn enter(&mut self, folder: &CStr) -> Result<(), Errno> {
        // SAFETY: the value is valid, and the call copies the path.
        checked(unsafe { libc::posix_spawn_file_actions_addchdir_np(&raw mut self.0, folder.as_ptr()) })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: the value is valid and not used again.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

#[allow(clippy::cast_possible_truncation)] // it is 4
const FLAGS: libc::c_short = libc::POSIX_SPAWN_SETSID | libc::POSIX_SPAWN_SETSIGDEF as libc::c_short;

/// What the child is: the leader of its session, and one that a broken pipe ends, which Rust's own programs are not.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> Result<Self, Errno> {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the call makes a valid value of it.
        checked(unsafe { libc::posix_spawnattr_init(attributes.as_mut_ptr()) })?;
        // SAFETY: it succeeded.
        let mut attributes = Self(unsafe { attributes.assume_init() });
        let mut defaults = MaybeUninit::uninit();
        // SAFETY: the first call makes a valid set of it; all values are valid, and SIGPIPE is a signal.
        unsafe {
            libc::sigemptyset(defaults.as_mut_ptr());
            libc::sigaddset(defaults.as_mut_ptr(), libc::SIGPIPE);
            checked(libc::posix_spawnattr_setsigdefault(&raw mut attributes.0, defaults.as_ptr()))?;
            checked(libc::posix_spawnattr_setflags(&raw mut attributes.0, FLAGS))?;
        }
        Ok(attributes)
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: the value is valid and not used again.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

/// A descriptor that can be read once this child has exited. It is left to be waited for, so that its number stays its own.
pub fn exit(child: Pid) -> io::Result<OwnedFd> {
    // Before Linux 5.3, and where somebody forbids it, a thread has to wait.
    pidfd_open(child, PidfdFlags::empty()).or_else(|_| exit_by_thread(child))
}

fn exit_by_thread(child: Pid) -> io::Result<OwnedFd> {
    let exit = eventfd(0, EventfdFlags::CLOEXEC)?;
    let tell = exit.try_clone()?;
    thread::Builder::new().name("exit".into()).spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(child), options), Err(Errno::INTR)) {}
        // The counter of an event descriptor cannot overflow by one.
        let _ = rustix::io::write(tell, &1_u64.to_ne_bytes());
    })?;
    Ok(exit)
}

/// Waits for the end of a child and forgets its number.
pub fn wait(child: Pid) -> io::Result<ExitStatus> {
    loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Ok(Some((_, status))) => return Ok(ExitStatus::from_raw(status.as_raw())),
            Ok(None) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, Permissions};
    use std::io::Read;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::module::process::ready::ready;

    fn start(argv: &[&str], environment: &[(&str, &str)], cwd: Option<&Path>) -> io::Result<Child> {
        let argv: Vec<_> = argv.iter().map(OsString::from).collect();
        let environment = environment.iter().map(|(k, v)| (k.into(), v.into())).collect();
        let stdin = File::open("/dev/null")?.into();
        Program { argv: &argv, environment: &environment, cwd, stdin }.start()
    }

    fn said(argv: &[&str], environment: &[(&str, &str)], cwd: Option<&Path>) -> String {
        let mut child = start(argv, environment, cwd).unwrap();
        let mut said = String::new();
        child.stdout.read_to_string(&mut said).unwrap();
        assert!(wait(child.pid).unwrap().success());
        said
    }

    #[test]
    fn programs_are_found_as_execvp_does() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let program = |name: &str, text: &str, mode: u32| {
            let path = at.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        program("one/tool", "not to be run", 0o644);
        program("two/tool", "#!/bin/sh\necho two $0 $1 $NAME", 0o755);
        program("two/bare", "echo bare $1", 0o755);
        program("two/dead", "#!/nowhere/shell", 0o755);
        let path = format!("/nowhere:{}/one:two", at.display());
        let environment = [("PATH", &*path), ("NAME", "x")];
        assert_eq!(said(&["tool", "a"], &environment, Some(at)), "two two/tool a x\n");
        // As old shells do: a script that does not say who reads it.
        assert_eq!(said(&["bare", "a"], &environment, Some(at)), "bare a\n");
        assert_eq!(said(&["./two/bare", "a"], &[], Some(at)), "bare a\n");
        assert_eq!(said(&["echo", "found"], &[], None), "found\n");
        let error = |argv: &[&str]| start(argv, &environment, Some(at)).err().unwrap().raw_os_error();
        assert_eq!(error(&["none"]), Some(libc::ENOENT));
        assert_eq!(error(&["dead"]), Some(libc::ENOENT));
        assert_eq!(error(&["one/tool"]), Some(libc::EACCES));
        assert_eq!(error(&[""]), Some(libc::ENOENT));
        let alone = [("PATH", &*format!("{}/one", at.display()))];
        assert_eq!(start(&["tool"], &alone, None).err().unwrap().raw_os_error(), Some(libc::EACCES));
    }

    #[test]
    fn an_exit_is_told_and_leaves_the_child_to_be_waited_for() {
        for tell in [exit, exit_by_thread] {
            let child = start(&["sh", "-c", "exit 3"], &[], None).unwrap();
            let exit = tell(child.pid).unwrap();
            ready([Some(exit.as_fd())], None);
            assert_eq!(wait(child.pid).unwrap().code(), Some(3));
        }
    }
}
