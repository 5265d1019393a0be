//! (helper: crc, md5, sha1; Keys)
