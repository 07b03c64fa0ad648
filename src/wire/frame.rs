//! Frames on a byte stream: how both sides find where a message begins and ends.
//!
//! A frame is `u32 length, u8 kind, u32 channel, payload`, big-endian; the length counts everything behind itself. No
//! payload is longer than [`MAX_PAYLOAD`]: a longer control message goes in parts, so that a big result never
//! holds up a small message of another channel. This file knows kinds and lengths, not what a message says.

use std::collections::HashMap;

/// The longest payload of one frame, in bytes.
pub const MAX_PAYLOAD: usize = 256 * 1024;
/// The longest control message, put together from its parts, in bytes: twice what a command's captured output may be.
pub const MAX_MESSAGE: usize = 256 * 1024 * 1024;
/// How much is read at once, in bytes, when nobody knows how much will come.
const ROOM: usize = 8 * 1024;
/// How many channels may be in the middle of a control message.
const MAX_UNFINISHED: usize = 1024;
/// Length, kind and channel.
pub const HEADER: usize = 9;
/// What the length field counts beside the payload: kind and channel.
const COUNTED: usize = 5;

/// What a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The last part of a control message, or all of it.
    Control = 0,
    /// A part of a control message that goes on.
    ControlPart = 1,
    /// Bytes of a child's standard output.
    Stdout = 2,
    /// Bytes of a child's standard error.
    Stderr = 3,
    /// Bytes of a file on its way to the controller.
    Download = 4,
    /// `u32` number of the upload, then its bytes.
    Upload = 5,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        use Kind::{Control, ControlPart, Download, Stderr, Stdout, Upload};
        [Control, ControlPart, Stdout, Stderr, Download, Upload].into_iter().find(|k| *k as u8 == byte)
    }
}

/// One whole frame; a control message is complete, never a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What the payload is. Never [`Kind::ControlPart`] when it comes from the decoder.
    pub kind: Kind,
    /// Which request it belongs to; 0 is the connection itself.
    pub channel: u32,
    /// The bytes.
    pub payload: Vec<u8>,
}

/// Why a byte stream is not a stream of frames. The stream cannot be used any further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length field says more than a frame may have, or less than its header.
    #[error("a frame of {0} bytes, allowed are {COUNTED} to {max}", max = MAX_PAYLOAD + COUNTED)]
    Length(u32),
    /// A kind that this build does not know.
    #[error("a frame of unknown kind {0}")]
    Kind(u8),
    /// Unfinished control messages add up to too much.
    #[error(
        "unfinished messages of more than {MAX_MESSAGE} bytes, or on more than {MAX_UNFINISHED} channels"
    )]
    Message,
}

/// Appends `payload` to `out` as one frame, or as several when it is longer than a frame may be.
///
/// Only control messages may be longer; bulk bytes are cut by the sender, who has to ask for credit anyway.
pub fn encode(kind: Kind, channel: u32, payload: &[u8], out: &mut Vec<u8>) {
    let mut rest = payload;
    while rest.len() > MAX_PAYLOAD {
        let (part, after) = rest.split_at(MAX_PAYLOAD);
        encode_one(if kind == Kind::Control { Kind::ControlPart } else { kind }, channel, &[part], out);
        rest = after;
    }
    encode_one(kind, channel, &[rest], out);
}

/// Appends one upload frame. `bytes` are at most [`MAX_PAYLOAD`] − 4.
pub fn encode_upload(channel: u32, number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    encode_one(Kind::Upload, channel, &[&number.to_be_bytes(), bytes], out);
}

fn encode_one(kind: Kind, channel: u32, pieces: &[&[u8]], out: &mut Vec<u8>) {
    let length = pieces.iter().map(|p| p.len()).sum();
    out.reserve(HEADER + length);
    out.extend_from_slice(&header(kind, channel, length));
    for piece in pieces {
        out.extend_from_slice(piece);
    }
}

fn header(kind: Kind, channel: u32, payload: usize) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&u32::try_from(COUNTED + payload).unwrap_or(u32::MAX).to_be_bytes());
    header[4] = kind as u8;
    header[5..].copy_from_slice(&channel.to_be_bytes());
    header
}

/// Leaves room in `out` for a header; the payload is appended behind it, then [`seal`] makes a frame of both.
pub fn begin(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.resize(start + HEADER, 0);
    start
}

/// Makes a frame of everything behind `start`, which [`begin`] gave; or several, when it is longer than a frame may be.
pub fn seal(kind: Kind, channel: u32, start: usize, out: &mut Vec<u8>) {
    let length = out.len() - start - HEADER;
    if length > MAX_PAYLOAD {
        let payload = out.split_off(start + HEADER);
        out.truncate(start);
        encode(kind, channel, &payload, out);
    } else {
        out[start..start + HEADER].copy_from_slice(&header(kind, channel, length));
    }
}

/// Finds frames in bytes that come in pieces of any size. Keeps no more than what came in and was not yet taken.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
    parts: HashMap<u32, Vec<u8>>,
    held: usize,
}

impl Decoder {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.space().extend_from_slice(bytes);
    }

    /// Where bytes of the stream are appended, with room for at least some: for what the frame under way lacks, if that is
    /// more.
    pub fn space(&mut self) -> &mut Vec<u8> {
        self.buffer.drain(..std::mem::take(&mut self.start));
        let wanted = self.buffer.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize + 4);
        let lacking = wanted.min(HEADER + MAX_PAYLOAD).saturating_sub(self.buffer.len());
        self.buffer.reserve(lacking.max(ROOM));
        &mut self.buffer
    }

    /// The next whole frame, or `None` until more bytes come. Lengths are checked before anything is kept.
    #[allow(clippy::should_implement_trait)] // an iterator would end at the first `None`
    pub fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            let Some(frame) = self.next_single()? else { return Ok(None) };
            let channel = frame.channel;
            match frame.kind {
                Kind::ControlPart => {
                    self.held += frame.payload.len();
                    self.parts.entry(channel).or_default().extend(frame.payload);
                    if self.held > MAX_MESSAGE || self.parts.len() > MAX_UNFINISHED {
                        return Err(FrameError::Message);
                    }
                }
                Kind::Control => {
                    let Some(mut message) = self.parts.remove(&channel) else { return Ok(Some(frame)) };
                    self.held -= message.len();
                    message.extend(frame.payload);
                    return Ok(Some(Frame { payload: message, ..frame }));
                }
                _ => return Ok(Some(frame)),
            }
        }
    }

    fn next_single(&mut self) -> Result<Option<Frame>, FrameError> {
        let bytes = &self.buffer[self.start..];
        let Some((length, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*length);
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        if !(COUNTED..=COUNTED + MAX_PAYLOAD).contains(&size) {
            return Err(FrameError::Length(length));
        }
        let Some((kind, rest)) = rest.split_first() else { return Ok(None) };
        let kind = Kind::of(*kind).ok_or(FrameError::Kind(*kind))?;
        let Some((channel, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let Some(payload) = rest.get(..size - COUNTED) else { return Ok(None) };
        let frame = Frame { kind, channel: u32::from_be_bytes(*channel), payload: payload.to_vec() };
        self.start += 4 + size;
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode_all(bytes: &[u8], piece: usize) -> Result<Vec<Frame>, FrameError> {
        let mut decoder = Decoder::new();
        let mut frames = Vec::new();
        for part in bytes.chunks(piece.max(1)) {
            decoder.push(part);
            while let Some(frame) = decoder.next()? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    #[test]
    fn a_frame_is_laid_out_as_written() {
        let mut out = Vec::new();
        encode(Kind::Stdout, 7, b"hi", &mut out);
        encode_upload(1, 2, b"x", &mut out);
        assert_eq!(out, b"\0\0\0\x07\x02\0\0\0\x07hi\0\0\0\x0a\x05\0\0\0\x01\0\0\0\x02x");
    }

    #[test]
    fn a_long_message_goes_in_parts_and_lets_others_pass() {
        let message: Vec<u8> = (0..=255).cycle().take(2 * MAX_PAYLOAD + 5).collect();
        let mut long = Vec::new();
        encode(Kind::Control, 1, &message, &mut long);
        assert_eq!(long.len(), message.len() + 3 * HEADER);
        let mut short = Vec::new();
        encode(Kind::Control, 2, b"now", &mut short);
        long.splice(MAX_PAYLOAD + HEADER..MAX_PAYLOAD + HEADER, short);
        let frames = decode_all(&long, 1000).unwrap();
        assert_eq!(
            frames.iter().map(|f| (f.channel, f.payload.len())).collect::<Vec<_>>(),
            [(2, 3), (1, message.len())]
        );
        assert_eq!(frames[1].payload, message);
    }

    #[test]
    fn lengths_and_kinds_are_checked_before_anything_is_kept() {
        assert_eq!(decode_all(b"\xff\xff\xff\xff", 4), Err(FrameError::Length(u32::MAX)));
        assert_eq!(decode_all(b"\0\0\0\x04", 4), Err(FrameError::Length(4)));
        assert_eq!(decode_all(b"\0\0\0\x05\x09", 5), Err(FrameError::Kind(9)));
        let error = FrameError::Length(4).to_string();
        assert_eq!(error, "a frame of 4 bytes, allowed are 5 to 262149");
    }

    #[test]
    fn parts_without_end_are_refused() {
        let mut part = Vec::new();
        encode_one(Kind::ControlPart, 3, &[&vec![0; MAX_PAYLOAD]], &mut part);
        let mut decoder = Decoder::new();
        let refused = (0..=MAX_MESSAGE / MAX_PAYLOAD).any(|_| {
            decoder.push(&part);
            decoder.next() == Err(FrameError::Message)
        });
        assert!(refused);
    }

    fn any_frame() -> impl Strategy<Value = (u8, u32, Vec<u8>)> {
        (prop_oneof![Just(0_u8), 2..6_u8], any::<u32>(), prop::collection::vec(any::<u8>(), 0..600))
    }

    proptest! {
        #[test]
        fn round_trip(frames in prop::collection::vec(any_frame(), 0..20), piece in 1..50_usize) {
            let mut bytes = Vec::new();
            let frames: Vec<_> = frames
                .into_iter()
                .map(|(kind, channel, payload)| Frame { kind: Kind::of(kind).unwrap(), channel, payload })
                .collect();
            for f in &frames {
                encode(f.kind, f.channel, &f.payload, &mut bytes);
            }
            prop_assert_eq!(decode_all(&bytes, piece).unwrap(), frames);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000), piece in 1..100_usize) {
            if let Ok(frames) = decode_all(&bytes, piece) {
                let taken: usize = frames.iter().map(|f| f.payload.len() + HEADER).sum();
                prop_assert!(taken <= bytes.len());
            }
        }
    }
}
