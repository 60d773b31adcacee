//! One stream of pcapng: what a host's agent writes, or a file. Its blocks become frames that are read and heartbeats.

use super::packet::Packet;
use super::timeline::Where;
use crate::pcap::block::{BEHIND, Block, Direction, Frame, Heartbeat, Interface, Link};
use crate::pcap::read::{Damaged, Reader};

/// A stream that is read.
#[derive(Debug, Default)]
pub(super) struct Source {
    reader: Reader,
    application: String,
    interfaces: Vec<Interface>,
}

/// What a stream tells.
#[derive(Debug)]
pub enum Told {
    /// Interfaces count from 0 again.
    Section,
    /// An interface, and whether hactl described it.
    Interface(Interface, bool),
    /// A frame; `None` where it could not be read.
    Frame(Frame, Where, Option<Box<Packet>>),
    /// How far an interface was listened to, and whether that is behind a firewall.
    Heartbeat(Heartbeat, bool),
}

impl Source {
    /// Takes bytes; returns what they tell.
    ///
    /// # Errors
    /// It is no capture, or damaged.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Told>, Damaged> {
        self.reader.feed(bytes);
        let mut told = Vec::new();
        while let Some(block) = self.reader.next()? {
            match block {
                Block::Section { application } => {
                    self.application = application;
                    self.interfaces.clear();
                    told.push(Told::Section);
                }
                Block::Interface(interface) => {
                    self.interfaces.push(interface.clone());
                    told.push(Told::Interface(interface, self.application.starts_with("hactl ")));
                }
                Block::Frame(frame) => {
                    let link = self.interface(frame.interface).map_or(Link::Other(0), |interface| interface.link);
                    let packet = Packet::read(link, &frame.bytes).map(Box::new);
                    let out = match frame.direction {
                        Direction::Unknown => packet.as_ref().and_then(|packet| packet.out),
                        Direction::In => Some(false),
                        Direction::Out => Some(true),
                    };
                    let place = if self.is_behind(frame.interface) { Where::Behind } else { Where::Wire(out) };
                    told.push(Told::Frame(frame, place, packet));
                }
                Block::Heartbeat(beat) => told.push(Told::Heartbeat(beat, self.is_behind(beat.interface))),
            }
        }
        Ok(told)
    }

    /// Nothing more comes.
    ///
    /// # Errors
    /// Something was begun, or nothing came at all.
    pub(super) fn end(&self) -> Result<(), Damaged> {
        self.reader.end()
    }

    fn interface(&self, place: u32) -> Option<&Interface> {
        self.interfaces.get(usize::try_from(place).ok()?)
    }

    fn is_behind(&self, place: u32) -> bool {
        self.interface(place).is_some_and(|interface| interface.link == Link::Ip && interface.description == BEHIND)
    }
}
