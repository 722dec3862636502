//! Batches as clients sent them: librdkafka 2.16 in every compression (its snappy is one block without a frame around
//! it), and kafka-python 3.0. Each has the same three records.

use bytes::Bytes;
use forebay_kafka_wire::{Compression, Record, RecordBatch};

const LIBRDKAFKA_NONE: &str = "\
     0000000000000000000000c90000000002aacc3c0a0000000000020000018bcfe568000000018bcfe56802ffffffffff\
     ffffffffffffffffff0000000382010000000a6b65792d30547468652073616d6520776f72647320616761696e2c2074\
     68652073616d6520776f72647320616761696e060268023102680104c3a402787800020201547468652073616d652077\
     6f72647320616761696e2c207468652073616d6520776f72647320616761696e060268023102680104c3a402782e0004\
     040a6b65792d3201060268023102680104c3a40278";
const LIBRDKAFKA_GZIP: &str = "\
     000000000000000000000088000000000272ac41be0001000000020000018bcfe568000000018bcfe56802ffffffffff\
     ffffffffffffffffff000000031f8b08000000000000036b62646060e0ca4eadd4350829c94855284ecc4d5528cf2f4a\
     2956484c4fccccd351c026cac694c164c894c1c872780953450503131323b99af5185858c0d61b31a2880300a92c8c24\
     98000000";
const LIBRDKAFKA_SNAPPY: &str = "\
     000000000000000000000087000000000227b9b3d80002000000020000018bcfe568000000018bcfe56802ffffffffff\
     ffffffffffffffffff0000000398018882010000000a6b65792d30547468652073616d6520776f72647320616761696e\
     2c20744a160044060268023102680104c3a402787800020201de3d000c2e000404057f383201060268023102680104c3\
     a40278";
const LIBRDKAFKA_LZ4: &str = "\
     0000000000000000000000900000000002256473110003000000020000018bcfe568000000018bcfe56802ffffffffff\
     ffffffffffffffffff0000000304224d1860408250000000ff1382010000000a6b65792d30547468652073616d652077\
     6f72647320616761696e2c20160001ff03060268023102680104c3a4027878000202013d0025412e0004047f00243201\
     55005004c3a4027800000000";
const LIBRDKAFKA_ZSTD: &str = "\
     0000000000000000000000840000000002b13804630004000000020000018bcfe568000000018bcfe568020000000000\
     0000000000000000000000000328b52ffd0058550200a40382010000000a6b65792d30547468652073616d6520776f72\
     647320616761696e2c20060268023102680104c3a4027878000202012e00040432010400581c16d84514086750d2930c";
const KAFKA_PYTHON_NONE: &str = "\
     0000000000000000000000cc0000000002d95527db0000000000020000018bcfe568000000018bcfe568020000000000\
     0000010000000000000000000384010000000a6b65792d30547468652073616d6520776f72647320616761696e2c2074\
     68652073616d6520776f72647320616761696e060268023104c3a40278026802327a00020201547468652073616d6520\
     776f72647320616761696e2c207468652073616d6520776f72647320616761696e060268023104c3a402780268023230\
     0004040a6b65792d3201060268023104c3a4027802680232";
const KAFKA_PYTHON_GZIP: &str = "\
     0000000000000000000000870000000002f2f93ed20001000000020000018bcfe568000000018bcfe568020000000000\
     000002000000000000000000031f8b0800583e026b02ff6b61646060e0ca4eadd4350829c94855284ecc4d5528cf2f4a\
     2956484c4fccccd351c026cac694c164c87278095305906154c5c0c4c448b66e03061616b0038c18512500ce82fc669b\
     000000";

#[cfg(test)]
fn records(hex: &str, compression: Compression) -> Vec<Record> {
    let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap());
    let batch = RecordBatch::parse(bytes.collect()).unwrap();
    batch.check_crc().unwrap();
    assert_eq!(batch.header().attributes.compression(), Ok(compression));
    assert_eq!(batch.header().offset_count().get(), 3);
    batch.records(1 << 20).unwrap().map(Result::unwrap).collect()
}

#[test]
fn batches_of_clients_are_read() {
    let batches = [
        (LIBRDKAFKA_NONE, Compression::None),
        (LIBRDKAFKA_GZIP, Compression::Gzip),
        (LIBRDKAFKA_SNAPPY, Compression::Snappy),
        (LIBRDKAFKA_LZ4, Compression::Lz4),
        (LIBRDKAFKA_ZSTD, Compression::Zstd),
        (KAFKA_PYTHON_NONE, Compression::None),
        (KAFKA_PYTHON_GZIP, Compression::Gzip),
    ];
    let words = Bytes::from_static(b"the same words again, the same words again");
    for (hex, compression) in batches {
        let records = records(hex, compression);
        let keys: Vec<_> = records.iter().map(|record| record.key.as_deref()).collect();
        assert_eq!(keys, [Some(&b"key-0"[..]), None, Some(b"key-2")]);
        let values: Vec<_> = records.iter().map(|record| record.value.clone()).collect();
        assert_eq!(values, [Some(words.clone()), Some(words.clone()), None]);
        for (index, record) in (0..).zip(&records) {
            assert_eq!((record.offset.get(), record.timestamp.millis()), (index, 1_700_000_000_000 + index));
            // One key comes twice.
            assert_eq!(record.headers.iter().filter(|header| header.key == b"h"[..]).count(), 2);
            assert_eq!(record.headers.len(), 3);
        }
    }
}
