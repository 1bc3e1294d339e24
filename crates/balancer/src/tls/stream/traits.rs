//! A connection for whoever reads and writes by tokio's traits.

use super::Stream;
use bytes::{Buf, BytesMut};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.session.is_none() {
            return Pin::new(&mut this.tcp).poll_read(context, buffer);
        }
        if this.plain.is_empty() {
            let mut plain = std::mem::take(&mut this.plain);
            let filled = this.poll_fill(context, &mut plain, 0);
            this.plain = plain;
            ready!(filled)?;
        }
        let count = this.plain.len().min(buffer.remaining());
        buffer.put_slice(&this.plain[..count]);
        this.plain.advance(count);
        if this.plain.is_empty() {
            this.plain = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_push(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_sent(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_sent(context))?;
        this.finish();
        Poll::Ready(Ok(()))
    }
}
