//! Every packet captured from Heartbeat 3.0.6 is read as it was meant and written again to the
//! same bytes; packets it refused are refused.
//!
//! The corpus lies beside the workspace (`../shared`) or where `HANDOVER_SHARED` says. Without
//! it these tests say so and pass, except in CI.
#![expect(clippy::disallowed_methods, reason = "a test reads its corpus from files")]

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use wire::heartbeat::{
    Compression, Format, Key, Keys, Message, Method, Packing, Refused, Value, decode, decode_local,
    encode, encode_local, ipc, pack,
};

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    form: String,
    hex: String,
    fields: Vec<Field>,
    authkeys: Option<String>,
    inner_auth: Option<String>,
    trailer: Option<String>,
    trailer_valid: Option<bool>,
    expect: Option<String>,
    bytes_after: Option<String>,
    decompressed_field: Option<String>,
    decompressed_len: Option<usize>,
    decompressed_form: Option<String>,
}

#[derive(Deserialize)]
struct Field {
    #[serde(rename = "type")]
    kind: u8,
    name: String,
    value: Option<String>,
    hex: Option<String>,
    list: Option<Vec<String>>,
    fields: Option<Vec<Field>>,
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| (c as char).to_digit(16).expect("hexadecimal") as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// The vectors of one file; `None` without corpus.
fn vectors(file: &str) -> Option<Vec<Vector>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("HANDOVER_SHARED").unwrap_or_else(|_| beside.into());
    let path = PathBuf::from(shared).join("vectors/heartbeat").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no corpus: {}", path.display());
        println!("skipped: no corpus");
        return None;
    };
    let file: File = serde_json::from_str(&text).expect("the corpus' own format");
    Some(file.vectors)
}

/// Every file of cluster messages.
fn cluster_vectors() -> impl Iterator<Item = Vector> {
    [
        "auth.json",
        "ccm.json",
        "classic_and_negative.json",
        "clients.json",
        "icmp_ping.json",
        "membership.json",
        "reliability.json",
        "resources.json",
        "standby.json",
        "status.json",
        "typed_compressed.json",
    ]
    .into_iter()
    .filter_map(vectors)
    .flatten()
}

impl Vector {
    /// The keys in force, of which that signs which signed the packet.
    fn keys(&self) -> Keys {
        let signature = self.trailer.as_ref().or(self.inner_auth.as_ref());
        let index = signature.map(|s| s.split(' ').next().expect("a number"));
        keys(self.authkeys.as_ref().expect("authkeys"), index)
    }
}

/// The keys of an authkeys file of the corpus, of which `active_now` or the one the file names signs.
fn keys(authkeys: &str, active_now: Option<&str>) -> Keys {
    let mut active = 0;
    let mut keys = BTreeMap::new();
    for line in authkeys.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let method = match words[1] {
            "crc" => Method::Crc,
            "md5" => Method::Md5,
            "sha1" => Method::Sha1,
            index => {
                active = index.parse().expect("auth N");
                continue;
            }
        };
        let secret = words.get(2).copied().unwrap_or_default();
        keys.insert(words[0].parse().expect("a number"), Key::new(method, secret));
    }
    let active = active_now.map_or(active, |index| index.parse().expect("a number"));
    Keys::new(active, keys).expect("the active key is there")
}

/// The message of a vector's fields, without the signature among them.
fn message(fields: &[Field]) -> Message {
    let mut message = Message::new();
    for field in fields.iter().filter(|f| f.name != "auth") {
        let bytes = || unhex(field.hex.as_ref().expect("hex"));
        let text = || field.value.as_ref().expect("value").clone().into_bytes();
        let list = || field.list.iter().flatten().map(|i| i.clone().into_bytes()).collect();
        let value = match field.kind {
            0 => Value::Text(text()),
            1 => Value::Binary(bytes()),
            2 => Value::Struct(self::message(field.fields.as_ref().expect("fields"))),
            3 => Value::List(list()),
            4 => Value::Compressed(bytes()),
            kind => panic!("type {kind} in the corpus"),
        };
        message.push(&field.name, value);
    }
    message
}

fn form(name: &str) -> Format {
    if name == "classic" { Format::Classic } else { Format::Netstring }
}

#[test]
fn accepted_packets_decode_to_their_fields_and_refused_ones_are_refused() {
    for vector in cluster_vectors() {
        let name = &vector.name;
        let keys = vector.keys();
        let read = decode(&unhex(&vector.hex), &keys);
        if vector.expect.as_deref() == Some("reject") {
            let why =
                if vector.trailer_valid.is_none() { Refused::NoAuth } else { Refused::BadDigest };
            assert_eq!(read, Err(why), "{name}");
        } else {
            let read = read.unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(read.message(), &message(&vector.fields), "{name}");
        }
    }
}

#[test]
fn accepted_packets_are_written_again_byte_for_byte() {
    for vector in cluster_vectors() {
        if vector.expect.as_deref() == Some("reject") {
            continue;
        }
        let keys = vector.keys();
        // An inner signature is the mark of `msgfmt classic`.
        let has_auth = vector.inner_auth.is_some();
        let msgfmt = if has_auth { Format::Classic } else { Format::Netstring };
        let mut bytes = encode(&message(&vector.fields), form(&vector.form), msgfmt, &keys);
        bytes.extend(unhex(vector.bytes_after.as_deref().unwrap_or_default()));
        let expected = unhex(&vector.hex);
        assert_eq!(
            bytes.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "{}",
            vector.name
        );
    }
}

#[test]
fn messages_inside_keep_the_inner_signature_away() {
    for vector in cluster_vectors().filter(|v| v.name.starts_with("typed-classic-msgfmt")) {
        let keys = vector.keys();
        let bytes = encode(&message(&vector.fields), Format::Netstring, Format::Classic, &keys);
        assert_eq!(bytes, unhex(&vector.hex), "{}", vector.name);
    }
}

#[test]
fn packets_of_another_cluster_are_refused_whatever_their_form() {
    let other = keys("auth 1\n1 md5 something-else\n2 sha1 b\n3 sha1 c\n4 sha1 d\n", None);
    for vector in cluster_vectors() {
        let refused = decode(&unhex(&vector.hex), &other).err();
        assert!(
            matches!(refused, Some(Refused::BadDigest | Refused::NoAuth)),
            "{}: {refused:?}",
            vector.name
        );
    }
}

#[test]
fn one_flipped_bit_anywhere_is_refused_or_changes_nothing() {
    let Some(vectors) = vectors("status.json") else { return };
    let vector = &vectors[0];
    let keys = vector.keys();
    let bytes = unhex(&vector.hex);
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = decode(&changed, &keys) {
            assert_eq!(read.message(), &message(&vector.fields), "bit {bit}");
        }
    }
}

#[test]
fn client_conversations_decode_and_are_written_again() {
    let Some(vectors) = vectors("api_socket.json") else { return };
    for vector in vectors {
        let bytes = unhex(&vector.hex);
        let frame = ipc::split(&bytes).expect("a frame").expect("a whole one");
        assert_eq!(frame.rest, b"", "{}", vector.name);
        let read = decode_local(frame.message).unwrap_or_else(|e| panic!("{}: {e}", vector.name));
        assert_eq!(read, message(&vector.fields), "{}", vector.name);
        let written = ipc::wrap(&encode_local(&read, form(&vector.form)));
        assert_eq!(written, bytes, "{}", vector.name);
    }
}

#[test]
fn compressed_packets_expand_and_pack_to_what_expands_again() {
    let Some(vectors) = vectors("typed_compressed.json") else { return };
    for vector in vectors.iter().filter(|v| v.decompressed_field.is_some()) {
        let name = &vector.name;
        let keys = vector.keys();
        let read = decode(&unhex(&vector.hex), &keys).expect(name);
        let packed = read.message().clone();
        let expanded = read.expanded().unwrap_or_else(|e| panic!("{name}: {e}")).into_message();

        let traditional = packed.get("_compressed_payload").is_some();
        let algorithm = packed.text("_compression_algorithm").and_then(Compression::of_name);
        let packing = Packing { algorithm: algorithm.expect(name), threshold: 2048, traditional };
        let netstring = vector.decompressed_form.as_deref() == Some("netstring")
            || name.starts_with("typed-netstring");
        let msgfmt = if netstring { Format::Netstring } else { Format::Classic };

        // What the client asked to have compressed is what stood there.
        let asked: Message = expanded
            .clone()
            .into_fields()
            .map(|mut field| {
                if let (Some("body"), Value::Struct(inner)) =
                    (std::str::from_utf8(&field.name).ok(), &field.value)
                {
                    field.value = Value::Uncompressed(inner.clone());
                }
                field
            })
            .collect();
        let again = pack(asked.clone(), packing, msgfmt, &keys);
        let sent = encode(&again, Format::Netstring, msgfmt, &keys);
        let read = decode(&sent, &keys).expect(name).expanded().expect(name);
        assert_eq!(read.message(), &expanded, "{name}");
        assert!(expanded.text("t") == Some("bigmsg"), "{name}");

        // The length before compression is the ancestor's, to the byte.
        let length = vector.decompressed_len.expect(name);
        let plain = match (traditional, expanded.get("body")) {
            (false, Some(Value::Struct(inner))) => encode_local(inner, msgfmt).len(),
            _ if netstring => encode_local(&expanded, msgfmt).len(),
            _ => encode(&expanded, Format::Classic, msgfmt, &keys).len() + 1,
        };
        assert_eq!(plain, length, "{name}");
    }
}
