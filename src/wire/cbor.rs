//! CBOR: how messages and the files of jobs are written. The one door to the library for it; knows no message.

use std::convert::Infallible;

use cbor4ii::core::enc::Write;
use cbor4ii::core::utils::SliceReader;
use cbor4ii::serde::{DecodeError, Deserializer, EncodeError, Serializer};
use serde::{Deserialize, Serialize};

/// Appends a value to `out`. When it fails, a part of it may be there.
pub fn append(value: &impl Serialize, out: &mut Vec<u8>) -> Result<(), EncodeError<Infallible>> {
    value.serialize(&mut Serializer::new(Appended(out)))
}

/// Reads a value from the beginning of `bytes`. What is nested deeper than some hundred levels is refused.
pub fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, DecodeError<Infallible>> {
    T::deserialize(&mut Deserializer::new(SliceReader::new(bytes)))
}

struct Appended<'a>(&'a mut Vec<u8>);

impl Write for Appended<'_> {
    type Error = Infallible;

    fn push(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}
