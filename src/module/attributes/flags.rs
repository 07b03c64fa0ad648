//! The flags that a file has in its file system (`chattr`, `lsattr`), by their letters. Asked of the kernel: no program is needed.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{IFlags, OFlags, ioctl_getflags, ioctl_setflags};

/// Letter, bit (`FS_*_FL` of linux/fs.h) and Ansible's name, in the order in which `lsattr` shows them.
const FLAGS: [(char, u32, &str); 22] = [
    ('s', 0x1, "zero"),
    ('u', 0x2, "undelete"),
    ('S', 0x8, "synchronous"),
    ('D', 0x1_0000, "dirsync"),
    ('i', 0x10, "immutable"),
    ('a', 0x20, "append"),
    ('d', 0x40, "nodump"),
    ('A', 0x80, "noatime"),
    ('c', 0x4, "compressed"),
    ('E', 0x800, "encrypted"),
    ('j', 0x4000, "journalled"),
    ('I', 0x1000, "indexed"),
    ('t', 0x8000, "notail"),
    ('T', 0x2_0000, "blockroot"),
    ('e', 0x8_0000, "extents"),
    ('C', 0x80_0000, "nocow"),
    ('x', 0x200_0000, ""),
    ('F', 0x4000_0000, ""),
    ('N', 0x1000_0000, "inline"),
    ('P', 0x2000_0000, ""),
    ('V', 0x10_0000, ""),
    ('m', 0x400, ""),
];

/// A change of flags: `+i`, `-a`, or `i` for these and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    operator: char,
    bits: u32,
}

impl Change {
    /// Reads one; the sentence says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let operator = text.chars().next().filter(|c| "+-=".contains(*c));
        let letters = if operator.is_some() { &text[1..] } else { text };
        let bit = |letter: char| {
            let known = FLAGS.iter().find(|(l, ..)| *l == letter).map(|(_, bit, _)| *bit);
            known.ok_or_else(|| format!("attributes: `{letter}` of `{text}` is no flag of a file"))
        };
        let bits = letters.chars().map(bit).try_fold(0, |all, bit| bit.map(|bit| all | bit))?;
        Ok(Self { operator: operator.unwrap_or('='), bits })
    }

    /// The flags that a file gets that has `current`.
    pub fn on(self, current: u32) -> u32 {
        match self.operator {
            '+' => current | self.bits,
            '-' => current & !self.bits,
            // An empty text asks for nothing.
            _ if self.bits == 0 => current,
            _ => self.bits,
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits()).unwrap_or_default();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// The flags of a file or folder. Links and devices have none, nor do files of some file systems.
pub fn read(path: &Path) -> io::Result<u32> {
    Ok(ioctl_getflags(open(path)?.as_fd())?.bits())
}

/// Sets all flags.
pub fn write(path: &Path, flags: u32) -> io::Result<()> {
    Ok(ioctl_setflags(open(path)?.as_fd(), IFlags::from_bits_retain(flags))?)
}

/// The generation of a file, which differs from that of another that had its number before.
pub fn version(path: &Path) -> io::Result<u32> {
    const VERSION: rustix::ioctl::Opcode = rustix::ioctl::opcode::read::<core::ffi::c_long>(b'v', 1);
    // SAFETY: FS_IOC_GETVERSION of linux/fs.h is declared with a long, and writes an int.
    unsafe { Ok(rustix::ioctl::ioctl(open(path)?, rustix::ioctl::Getter::<VERSION, u32>::new())?) }
}

/// The letters of flags.
pub fn letters(flags: u32) -> String {
    FLAGS.iter().filter(|(_, bit, _)| flags & bit != 0).map(|(letter, ..)| letter).collect()
}

/// Ansible's names of flags; some have none.
pub fn names(flags: u32) -> Vec<&'static str> {
    FLAGS
        .iter()
        .filter(|(_, bit, name)| flags & bit != 0 && !name.is_empty())
        .map(|(.., name)| *name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_change_flags() {
        let change = |text: &str, current: u32| letters(Change::parse(text).unwrap().on(current));
        assert_eq!(change("+i", 0x8_0000), "ie");
        assert_eq!(change("-i", 0x8_0010), "e");
        assert_eq!(change("iA", 0x8_0000), "iA");
        assert_eq!(change("", 0x8_0000), "e");
        assert_eq!(names(0x8_0090), ["immutable", "noatime", "extents"]);
        assert_eq!(Change::parse("+y"), Err("attributes: `y` of `+y` is no flag of a file".to_owned()));
    }
}
