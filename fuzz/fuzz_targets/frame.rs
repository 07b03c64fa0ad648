//! Any bytes from the other side: frames and messages are read or refused, and what was read can be written again.
#![no_main]

use benchbook::wire::preamble::PreambleReader;
use benchbook::wire::{Decoder, Packet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut preamble = PreambleReader::default();
    let mut decoder = Decoder::new();
    for piece in bytes.chunks(97) {
        drop(preamble.push(piece));
        decoder.push(piece);
    }
    while let Ok(Some(frame)) = decoder.next() {
        let channel = frame.channel;
        if let Ok(Packet::Control(message)) = Packet::of(frame) {
            message.to_bytes(channel).expect("what was read can be written");
        }
    }
});
