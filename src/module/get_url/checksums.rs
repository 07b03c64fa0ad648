//! Sums that a file must add up to, and lists of them as `sha256sum` and its kin write them.

use crate::module::checksum::Algorithm;
use crate::module::failure::Failure;

/// What a file must add up to.
#[derive(Debug)]
pub(super) struct Wanted {
    pub algorithm: Algorithm,
    pub sum: String,
}

impl Wanted {
    pub(super) fn read(algorithm: &str, sum: &str) -> Result<Self, Failure> {
        let known = match algorithm.to_lowercase().as_str() {
            "md5" => Algorithm::Md5,
            "sha1" => Algorithm::Sha1,
            "sha224" => Algorithm::Sha224,
            "sha256" => Algorithm::Sha256,
            "sha384" => Algorithm::Sha384,
            "sha512" => Algorithm::Sha512,
            "sha3_224" => Algorithm::Sha3_224,
            "sha3_256" => Algorithm::Sha3_256,
            "sha3_384" => Algorithm::Sha3_384,
            "sha3_512" => Algorithm::Sha3_512,
            _ => {
                return Err(Failure::new(format!(
                    "Could not hash file with algorithm '{algorithm}'. Available algorithms: md5, sha1, sha224, sha256, sha384, sha512, sha3_224, sha3_256, sha3_384, sha3_512"
                )));
            }
        };
        let sum: String = sum.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
        let sum = sum.to_lowercase();
        if sum.is_empty() || !sum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Failure::new("The checksum format is invalid"));
        }
        Ok(Self { algorithm: known, sum })
    }
}

/// The sum of a file in a list: `SUM  NAME`, `SUM *NAME`, `SHA256 (NAME) = SUM`, or a sum alone.
pub(super) fn find(list: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = list.lines().collect();
    if let [line] = lines.as_slice()
        && line.split_whitespace().count() == 1
    {
        return Some(line.trim().to_owned());
    }
    lines.into_iter().find_map(|line| {
        let (sum, of) = pair(line)?;
        (of == name).then(|| sum.to_owned())
    })
}

fn pair(line: &str) -> Option<(&str, &str)> {
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_.".contains(c));
    let bsd = || {
        let (kind, rest) = line.split_once('(')?;
        let (name, sum) = rest.rsplit_once(')')?;
        let sum = sum.trim_start_matches(' ').strip_prefix('=')?.trim_start_matches(' ');
        (word(kind.trim_end()) && word(sum)).then_some((sum, name))
    };
    let gnu = || {
        let (sum, rest) = line.split_once(char::is_whitespace)?;
        let name = rest.trim_start();
        let name = name.strip_prefix('*').unwrap_or(name).trim_start_matches(['.', '/']);
        word(sum).then_some((sum, name))
    };
    bsd().or_else(gnu)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_sums() {
        let list = "aa  x.txt\nbb *y.txt\ncc  ./z.txt\nSHA256 (b.txt) = dd\nnot_a file.txt  x\n";
        for (name, sum) in [("x.txt", "aa"), ("y.txt", "bb"), ("z.txt", "cc"), ("b.txt", "dd")] {
            assert_eq!(find(list, name).as_deref(), Some(sum), "{name}");
        }
        assert_eq!(find(list, "n"), None);
        assert_eq!(find("ee\n", "n").as_deref(), Some("ee"));
    }

    #[test]
    fn sums_are_hexadecimal() {
        assert_eq!(Wanted::read("sha1", "A\u{200b}b 1").unwrap().sum, "ab1");
        assert!(Wanted::read("sha1", "xyz").is_err());
        assert!(Wanted::read("crc", "ab").is_err());
    }
}
