//! Frames on the control socket: a `u32` little-endian length and that many bytes of JSON, an
//! object with the protocol's version as `v`.

use api::{FRAME_MAX, PROTOCOL, Reply, Request};
use serde::Serialize;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Longest request accepted, in bytes. The longest is a list of a hundred node names; answers may
/// be much longer ([`FRAME_MAX`]).
pub(crate) const REQUEST_MAX: usize = 64 << 10;

/// The JSON of `body` with `v`, in a frame.
///
/// # Errors
/// `InvalidData` when it is longer than [`FRAME_MAX`].
pub(crate) fn encode<T: Serialize>(body: &T) -> io::Result<Vec<u8>> {
    let mut value = serde_json::to_value(body).map_err(io::Error::other)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("v".into(), PROTOCOL.into());
    }
    let text = serde_json::to_vec(&value).map_err(io::Error::other)?;
    let length = u32::try_from(text.len())
        .ok()
        .filter(|_| text.len() <= FRAME_MAX)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "frame too long"))?;
    let mut frame = Vec::with_capacity(4 + text.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&text);
    Ok(frame)
}

/// The next request; `None` at the end of the stream. The inner error is a sentence for a client
/// that sent something else; the stream is still in step.
///
/// # Errors
/// Those of reading, and `InvalidData` for a frame that is too long: the stream is then lost.
pub(crate) async fn read_request(
    stream: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<Result<Request, String>>> {
    let mut length = [0; 4];
    match stream.read_exact(&mut length).await {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > REQUEST_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "request too long"));
    }
    let mut text = vec![0; length];
    stream.read_exact(&mut text).await?;
    Ok(Some(parse(&text)))
}

fn parse(text: &[u8]) -> Result<Request, String> {
    let value: serde_json::Value = serde_json::from_slice(text)
        .map_err(|error| format!("the request is not JSON: {error}"))?;
    match value.get("v").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(PROTOCOL) => {}
        other => {
            return Err(format!(
                "the client speaks protocol version {}, this daemon {PROTOCOL}; use the handover \
                 command that belongs to it",
                other.map_or("unknown".into(), |version| version.to_string())
            ));
        }
    }
    serde_json::from_value(value).map_err(|error| format!("the request is not known: {error}"))
}

/// A refusal in a frame of its own.
pub(crate) fn refusal(text: impl Into<String>) -> Reply {
    Reply::Refused { text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> io::Result<Option<Result<Request, String>>> {
        let mut stream = bytes;
        read_request(&mut stream).await
    }

    #[tokio::test]
    async fn a_request_comes_through() {
        let frame = encode(&Request::Stop { keep: true }).unwrap();
        assert_eq!(read(&frame).await.unwrap(), Some(Ok(Request::Stop { keep: true })));
        assert_eq!(read(&[]).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_frame_that_is_too_long_ends_the_stream_before_memory_is_taken() {
        assert!(read(&u32::MAX.to_le_bytes()).await.is_err());
        let just = u32::try_from(REQUEST_MAX + 1).unwrap();
        assert!(read(&just.to_le_bytes()).await.is_err());
    }

    #[tokio::test]
    async fn what_is_no_request_is_told_and_the_stream_stays_in_step() {
        for text in
            ["{}", "nonsense", r#"{"v":1,"request":"dance"}"#, r#"{"v":99,"request":"status"}"#]
        {
            let mut frame = u32::try_from(text.len()).unwrap().to_le_bytes().to_vec();
            frame.extend_from_slice(text.as_bytes());
            assert!(matches!(read(&frame).await.unwrap(), Some(Err(_))), "{text}");
        }
    }

    #[tokio::test]
    async fn a_frame_cut_short_is_an_error() {
        let frame = encode(&Request::Status).unwrap();
        assert!(read(&frame[..frame.len() - 1]).await.is_err());
        assert_eq!(read(&frame[..2]).await.unwrap(), None);
    }
}
