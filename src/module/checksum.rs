//! Checksums of files, as lower-case hex.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::digest::DynDigest;

/// A way to sum up bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// MD5, only to recognise a file.
    Md5,
    /// SHA-1, Ansible's default.
    #[default]
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA3-224; this and what follows only where `get_url` is told so.
    #[serde(skip)]
    Sha3_224,
    /// SHA3-256.
    #[serde(skip)]
    Sha3_256,
    /// SHA3-384.
    #[serde(skip)]
    Sha3_384,
    /// SHA3-512.
    #[serde(skip)]
    Sha3_512,
}

/// A sum that is being made.
pub struct Sum(Box<dyn DynDigest>);

impl Sum {
    /// A sum of nothing.
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Md5 => Box::new(md5::Md5::default()),
            Algorithm::Sha1 => Box::new(sha1::Sha1::default()),
            Algorithm::Sha224 => Box::new(sha2::Sha224::default()),
            Algorithm::Sha256 => Box::new(sha2::Sha256::default()),
            Algorithm::Sha384 => Box::new(sha2::Sha384::default()),
            Algorithm::Sha512 => Box::new(sha2::Sha512::default()),
            Algorithm::Sha3_224 => Box::new(sha3::Sha3_224::default()),
            Algorithm::Sha3_256 => Box::new(sha3::Sha3_256::default()),
            Algorithm::Sha3_384 => Box::new(sha3::Sha3_384::default()),
            Algorithm::Sha3_512 => Box::new(sha3::Sha3_512::default()),
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The sum in hex.
    pub fn finish(self) -> String {
        crate::base::hexadecimal(&self.0.finalize())
    }
}

/// Sums up these bytes.
pub fn of_bytes(algorithm: Algorithm, bytes: &[u8]) -> String {
    let mut sum = Sum::new(algorithm);
    sum.update(bytes);
    sum.finish()
}

/// Sums up a file without holding it in memory.
pub fn of_file(algorithm: Algorithm, path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut sum = Sum::new(algorithm);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(sum.finish()),
            n => sum.update(&buffer[..n]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, of_bytes};

    #[test]
    fn sums_are_the_published_ones() {
        assert_eq!(of_bytes(Algorithm::Md5, b"abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(of_bytes(Algorithm::Sha1, b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            of_bytes(Algorithm::Sha256, b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            of_bytes(Algorithm::Sha3_256, b"abc"),
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"
        );
    }
}
