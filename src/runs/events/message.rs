//! Event messages as TensorBoard's protocol buffers have them (`tensorboard/compat/proto/event.proto`, `summary.proto`,
//! `tensor.proto`), each in the frame of a TFRecord file. Only what is written here is encoded: a dozen fields.

/// Reverse of CRC-32C's polynomial 0x1EDC6F41 (Castagnoli; RFC 3720, appendix B.4).
const POLYNOMIAL: u32 = 0x82F6_3B78;
const TABLE: [u32; 256] = table();

/// Numbers of the fields, and of the element type of a text tensor.
const EVENT: (u64, u64, u64, u64) = (1, 2, 3, 5);
const SUMMARY_VALUE: u64 = 1;
const VALUE: (u64, u64, u64, u64) = (1, 2, 8, 9);
const TENSOR: (u64, u64, u64) = (1, 2, 8);
const DT_STRING: u64 = 7;

/// What a scalar or a text is called, and what it says.
pub(super) enum Value<'a> {
    Scalar(&'a str, f64),
    Text(&'a str, &'a str),
}

/// The message that an event file begins with.
pub(super) fn version(seconds: f64) -> Vec<u8> {
    let mut event = double(EVENT.0, seconds);
    event.extend(bytes(EVENT.2, b"brain.Event:2"));
    record(&event)
}

/// The values of one step, at `seconds` since 1970.
pub(super) fn summary(seconds: f64, step: u64, values: &[Value<'_>]) -> Vec<u8> {
    let mut event = double(EVENT.0, seconds);
    if step > 0 {
        event.extend(number(EVENT.1, step));
    }
    let values: Vec<u8> = values.iter().flat_map(|value| bytes(SUMMARY_VALUE, &encoded(value))).collect();
    event.extend(bytes(EVENT.3, &values));
    record(&event)
}

/// As `SummaryWriter.add_scalar` and `add_text` write them: a float32 in `simple_value`; a tensor of one string with the
/// metadata of the text plugin.
fn encoded(value: &Value<'_>) -> Vec<u8> {
    match value {
        Value::Scalar(tag, value) => {
            let single = (*value as f32).to_le_bytes();
            [bytes(VALUE.0, tag.as_bytes()), key(VALUE.1, 5), single.to_vec()].concat()
        }
        Value::Text(tag, text) => {
            let shape = bytes(2, &number(1, 1));
            let tensor =
                [number(TENSOR.0, DT_STRING), bytes(TENSOR.1, &shape), bytes(TENSOR.2, text.as_bytes())].concat();
            let metadata = bytes(1, &bytes(1, b"text"));
            [
                bytes(VALUE.0, format!("{tag}/text_summary").as_bytes()),
                bytes(VALUE.2, &tensor),
                bytes(VALUE.3, &metadata),
            ]
            .concat()
        }
    }
}

/// Length and its checksum, the data and theirs, all little-endian.
fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length, &masked(&length).to_le_bytes()[..], data, &masked(data).to_le_bytes()].concat()
}

/// TFRecord's masked checksum (`tensorflow/core/lib/hash/crc32c.h`).
fn masked(data: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| TABLE[((crc ^ u32::from(byte)) & 0xFF) as usize] ^ (crc >> 8);
    let crc = !data.iter().fold(!0, step);
    crc.rotate_right(15).wrapping_add(0xA282_EAD8)
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

/// A field's number and wire type: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
fn key(field: u64, wire: u64) -> Vec<u8> {
    varint(field << 3 | wire)
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [key(field, 0), varint(value)].concat()
}

fn double(field: u64, value: f64) -> Vec<u8> {
    [&key(field, 1)[..], &value.to_le_bytes()].concat()
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [&key(field, 2)[..], &varint(value.len() as u64), value].concat()
}

/// Seven bits a byte, the lowest first; the high bit says that more follow.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    // All from tensorboard 2.21: RecordWriter(file).write(event.SerializeToString()), file's bytes in hex;
    // masked_crc32c is tensorboard.summary.writer.record_writer's.
    // Event(wall_time=1.5, file_version="brain.Event:2"); masked_crc32c(b"123456789")
    #[test]
    fn a_file_begins_as_pythons() {
        assert_eq!(
            hex(&version(1.5)),
            "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c"
        );
        assert_eq!(masked(b"123456789"), 3_347_755_237);
    }

    // Event(wall_time=1700000000.25, step=300, summary=Summary(value=[
    //     Summary.Value(tag="loss/train", simple_value=0.1), Summary.Value(tag="lr", simple_value=0.0)]))
    #[test]
    fn scalars_are_written_as_pythons() {
        let values = [Value::Scalar("loss/train", 0.1), Value::Scalar("lr", 0.0)];
        assert_eq!(
            hex(&summary(1_700_000_000.25, 300, &values)),
            "2c00000000000000f4aecc450900001040fc54d94110ac022a1e0a110a0a6c6f73732f747261696e15cdcccc3d0a090a026c7215000000\
             008bb375b7"
        );
    }

    // torch.utils.tensorboard.summary.text("config", "lr = 0.1") in Event(wall_time=2.0, summary=…)
    #[test]
    fn a_text_is_written_as_pythons() {
        assert_eq!(
            hex(&summary(2.0, 0, &[Value::Text("config", "lr = 0.1")])),
            "40000000000000002817f4950900000000000000402a350a330a13636f6e6669672f746578745f73756d6d61727942120807120412020801\
             42086c72203d20302e314a080a060a0474657874d8da268e"
        );
    }
}
