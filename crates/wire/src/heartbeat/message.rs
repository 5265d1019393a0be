//! A message is an ordered list of named, typed fields.

/// The value of a field; the number in each comment is the type digit on the wire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// 0: a string, without NUL. Bytes, because the wire doesn't promise UTF-8.
    Text(Vec<u8>),
    /// 1: raw bytes (base64 in the classic format).
    Binary(Vec<u8>),
    /// 2: a nested message.
    Struct(Message),
    /// 3: a list of strings.
    List(Vec<Vec<u8>>),
    /// 4: a nested message, compressed.
    Compressed(Vec<u8>),
    /// 5: a nested message that an API client wants compressed when it is sent.
    Uncompressed(Message),
}

/// One field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// Its name; never empty, without `=`.
    pub name: Vec<u8>,
    /// Its value.
    pub value: Value,
}

/// A message: its fields in the order of the wire. Of two fields with one name the first counts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Message {
    fields: Vec<Field>,
}

impl Message {
    /// A message without fields.
    pub const fn new() -> Self {
        Self { fields: Vec::new() }
    }

    /// A message of type `t`, the field by which everything is dispatched.
    pub fn of_type(t: &str) -> Self {
        Self::new().with("t", t)
    }

    /// The same message with one more text field.
    #[must_use]
    pub fn with(mut self, name: &str, text: impl AsRef<[u8]>) -> Self {
        self.push(name, Value::Text(text.as_ref().to_vec()));
        self
    }

    /// The same message with one more field.
    #[must_use]
    pub fn with_value(mut self, name: &str, value: Value) -> Self {
        self.push(name, value);
        self
    }

    /// Appends a field.
    pub fn push(&mut self, name: impl AsRef<[u8]>, value: Value) {
        self.push_field(Field { name: name.as_ref().to_vec(), value });
    }

    /// Appends a field that is one already.
    pub(super) fn push_field(&mut self, field: Field) {
        self.fields.push(field);
    }

    /// A message without fields and with room for `count`.
    pub(super) fn with_room(count: usize) -> Self {
        Self { fields: Vec::with_capacity(count) }
    }

    /// The fields in order, by value.
    pub fn into_fields(self) -> impl Iterator<Item = Field> {
        self.fields.into_iter()
    }

    /// The fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|f| f.name == name.as_bytes()).map(|f| &f.value)
    }

    /// The first field of that name, if it is text and UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The first field of that name, if it is binary.
    pub fn binary(&self, name: &str) -> Option<&[u8]> {
        match self.get(name)? {
            Value::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The first field of that name as a hexadecimal number, with or without `0x`, as the
    /// ancestor reads `seq`, `hg`, `ts`, `dt` and `ackseq` (measured).
    pub fn hex(&self, name: &str) -> Option<u64> {
        let text = self.text(name)?;
        u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
    }

    /// The first field of that name as a decimal number.
    pub fn decimal(&self, name: &str) -> Option<i64> {
        self.text(name)?.trim().parse().ok()
    }

    /// The message's type, the text of `t`.
    pub fn message_type(&self) -> Option<&str> {
        self.text("t")
    }

    /// Replaces the first field of that name by a text, or appends one.
    pub fn set(&mut self, name: &str, text: impl AsRef<[u8]>) {
        let value = Value::Text(text.as_ref().to_vec());
        match self.fields.iter_mut().find(|f| f.name == name.as_bytes()) {
            Some(field) => field.value = value,
            None => self.push(name, value),
        }
    }

    /// Removes every field of that name.
    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|f| f.name != name.as_bytes());
    }
}

impl FromIterator<Field> for Message {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        Self { fields: fields.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_ancestor_reads_them() {
        let message = Message::of_type("status").with("seq", "0x1f").with("hg", "6b014525");
        assert_eq!(message.hex("seq"), Some(0x1f));
        assert_eq!(message.hex("hg"), Some(0x6b01_4525));
        assert_eq!(message.hex("t"), None, "no number");
        assert_eq!(message.hex("ts"), None, "no field");
        assert_eq!(message.with("ttl", " 3").decimal("ttl"), Some(3));
    }

    #[test]
    fn a_field_set_again_keeps_its_place_and_a_removed_one_is_gone() {
        let mut message = Message::of_type("a").with("x", "1").with("y", "2");
        message.set("x", "3");
        message.set("z", "4");
        let names: Vec<_> = message.fields().iter().map(|f| f.name.as_slice()).collect();
        assert_eq!(names, [&b"t"[..], b"x", b"y", b"z"]);
        assert_eq!(message.text("x"), Some("3"));
        message.remove("x");
        assert_eq!(message.get("x"), None);
    }

    #[test]
    fn a_binary_field_is_no_text_and_the_other_way_round() {
        let message = Message::of_type("a").with_value("u", Value::Binary(vec![1]));
        assert_eq!((message.text("u"), message.binary("t")), (None, None));
        assert_eq!(message.binary("u"), Some(&[1][..]));
    }
}
