//! Files and streams of captured frames, as tcpdump and Wireshark have them: pcapng written and read, classic pcap
//! read. The agent writes what it sees on its host, and the desk reads that, files of others too, and writes one file
//! of all hosts. Bytes come in and types go out, and the other way round; what a frame says is no business of this
//! room.

pub mod block;
pub mod read;
pub mod write;
