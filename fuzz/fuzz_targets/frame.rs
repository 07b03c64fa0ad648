//! Any bytes from the other side: frames and messages are read or refused, and what was read is written and read as the same.
#![no_main]

use benchbook::wire::frame::Kind;
use benchbook::wire::preamble::PreambleReader;
use benchbook::wire::{Decoder, Frame, Packet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let begun = PreambleReader::default().push(bytes);
    let stream = begun.ok().flatten().map_or_else(|| bytes.to_vec(), |preamble| preamble.rest);
    let mut decoder = Decoder::new();
    for piece in stream.chunks(97) {
        decoder.push(piece);
    }
    while let Ok(Some(frame)) = decoder.next() {
        check(frame);
    }
    // A message alone, so that not only those are read whose frame has the right length.
    check(Frame { kind: Kind::Control, channel: 7, payload: bytes.to_vec() });
});

fn check(frame: Frame) {
    let channel = frame.channel;
    let Ok(Packet::Control(message)) = Packet::of(frame) else { return };
    let written = message.to_bytes(channel).expect("what was read can be written");
    let mut decoder = Decoder::new();
    decoder.push(&written);
    let again = decoder.next().expect("our own frame").expect("all of it");
    let Ok(Packet::Control(again)) = Packet::of(again) else { panic!("{message:?} cannot be read again") };
    assert_eq!(again.to_bytes(channel).expect("as before"), written);
}
