//! The Mersenne Twister, by Makoto Matsumoto and Takuji Nishimura (MT19937), seeded and read as Python's `random.Random` does.

use sha2::{Digest, Sha512};

const SIZE: usize = 624;
const MIDDLE: usize = 397;

/// A generator that gives the same numbers for the same seed.
pub struct Twister {
    state: [u32; SIZE],
    next: usize,
}

impl Twister {
    /// Python adds the digest of a text to it.
    pub fn from_text(seed: &str) -> Self {
        let mut bytes = seed.as_bytes().to_vec();
        bytes.extend(Sha512::digest(seed));
        Self::from_bytes(&bytes)
    }

    /// Python takes the number without its sign.
    pub fn from_number(seed: u128) -> Self {
        let bytes = seed.to_be_bytes();
        let begin = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
        Self::from_bytes(&bytes[begin..])
    }

    /// From a number, its highest byte first.
    fn from_bytes(bytes: &[u8]) -> Self {
        let word = |chunk: &[u8]| chunk.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        let mut key: Vec<u32> = bytes.rchunks(4).map(word).collect();
        while key.len() > 1 && key.last() == Some(&0) {
            key.pop();
        }
        if key.is_empty() {
            key.push(0);
        }
        Self::from_key(&key)
    }

    /// `init_by_array` of the authors.
    fn from_key(key: &[u32]) -> Self {
        let mut state = [0_u32; SIZE];
        state[0] = 19_650_218;
        let mixed = |word: u32| word ^ (word >> 30);
        for place in 1..SIZE {
            state[place] = mixed(state[place - 1]).wrapping_mul(1_812_433_253).wrapping_add(low(place));
        }
        let (mut i, mut j) = (1, 0);
        let turn = |state: &mut [u32; SIZE], i: usize| {
            if i < SIZE {
                return i;
            }
            state[0] = state[SIZE - 1];
            1
        };
        for _ in 0..SIZE.max(key.len()) {
            let word = state[i] ^ mixed(state[i - 1]).wrapping_mul(1_664_525);
            state[i] = word.wrapping_add(key[j]).wrapping_add(low(j));
            i = turn(&mut state, i + 1);
            j = (j + 1) % key.len();
        }
        for _ in 1..SIZE {
            let word = state[i] ^ mixed(state[i - 1]).wrapping_mul(1_566_083_941);
            state[i] = word.wrapping_sub(low(i));
            i = turn(&mut state, i + 1);
        }
        state[0] = 0x8000_0000;
        Self { state, next: SIZE }
    }

    fn refill(&mut self) {
        for place in 0..SIZE {
            let word = (self.state[place] & 0x8000_0000) | (self.state[(place + 1) % SIZE] & 0x7fff_ffff);
            let odd = if word & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[place] = self.state[(place + MIDDLE) % SIZE] ^ (word >> 1) ^ odd;
        }
        self.next = 0;
    }

    fn word(&mut self) -> u32 {
        if self.next == SIZE {
            self.refill();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A number of so many bits, at most 128: Python's `getrandbits`.
    pub fn bits(&mut self, count: u32) -> u128 {
        let mut number = 0;
        for place in (0..count).step_by(32) {
            let here = (count - place).min(32);
            number |= u128::from(self.word() >> (32 - here)) << place;
        }
        number
    }
}

/// The lowest 32 bits of a place.
fn low(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_authors() {
        // The first of mt19937ar.out.
        let mut twister = Twister::from_key(&[0x123, 0x234, 0x345, 0x456]);
        assert_eq!(
            [twister.word(), twister.word(), twister.word()],
            [1_067_595_299, 955_945_823, 477_289_528]
        );
    }
}
