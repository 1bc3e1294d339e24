//! One step of what rustls makes of records, on either side of a connection.

use bytes::BytesMut;
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};

/// What taking in a record led to.
pub(super) enum Step {
    /// There may be more.
    More,
    /// There is nothing more to do with what came.
    Waits,
    /// The peer has said its last.
    Ended,
}

/// Takes in what came next: what of it has been used, and what that led to.
pub(super) fn step<D>(
    status: UnbufferedStatus<'_, '_, D>,
    plain: &mut BytesMut,
    unsent: &mut BytesMut,
) -> (usize, Result<Step, rustls::Error>) {
    let UnbufferedStatus { mut discard, state, .. } = status;
    let step = match state {
        Ok(ConnectionState::ReadTraffic(mut traffic)) => loop {
            match traffic.next_record() {
                Some(Ok(record)) => {
                    discard += record.discard;
                    plain.extend_from_slice(record.payload);
                }
                Some(Err(error)) => break Err(error),
                None => break Ok(Step::More),
            }
        },
        Ok(ConnectionState::EncodeTlsData(data)) => {
            encode(data, unsent);
            Ok(Step::More)
        }
        Ok(ConnectionState::TransmitTlsData(data)) => {
            data.done();
            Ok(Step::More)
        }
        Ok(ConnectionState::PeerClosed) => Ok(Step::Ended),
        // Early data is never asked for.
        Ok(_) => Ok(Step::Waits),
        Err(error) => Err(error),
    };
    (discard, step)
}

/// Lets a connection that failed say why, if there is something to say.
pub(super) fn step_alert<D>(status: UnbufferedStatus<'_, '_, D>, unsent: &mut BytesMut) -> (usize, Result<Step, ()>) {
    let step = match status.state {
        Ok(ConnectionState::EncodeTlsData(data)) => {
            encode(data, unsent);
            Ok(Step::More)
        }
        Ok(ConnectionState::TransmitTlsData(data)) => {
            data.done();
            Ok(Step::More)
        }
        _ => Err(()),
    };
    (status.discard, step)
}

/// Appends a record of a handshake.
pub(super) fn encode<D>(mut data: rustls::unbuffered::EncodeTlsData<'_, D>, unsent: &mut BytesMut) {
    use rustls::unbuffered::{EncodeError::InsufficientSize, InsufficientSizeError};
    let start = unsent.len();
    if let Err(InsufficientSize(InsufficientSizeError { required_size, .. })) = data.encode(&mut []) {
        unsent.resize(start + required_size, 0);
        let length = data.encode(&mut unsent[start..]).unwrap_or(0);
        unsent.truncate(start + length);
    }
}
