use super::super::testing::{failure, wrong_input};
use super::{ContentType, Format};
use algohost_failure::Code;

#[test]
fn case_blanks_order_and_quotes_do_not_matter() {
    for text in [
        "text/csv; label_size=2; charset=utf-8",
        "TEXT/CSV;CHARSET=\"UTF-8\";Label_Size = 2",
        " text/csv ;label_size=\"2\" ; charset=utf-8;",
    ] {
        let content_type = ContentType::parse(text).unwrap();
        assert_eq!(content_type.essence(), "text/csv", "{text}");
        assert_eq!(content_type.parameter("charset"), Some("utf-8"), "{text}");
        assert_eq!(content_type.label_size().unwrap(), Some(2), "{text}");
        assert_eq!(content_type.format("request", &[Format::Csv]).unwrap(), Format::Csv);
    }
}

#[test]
fn short_names_mean_their_formats() {
    let formats = [
        ("csv", Format::Csv),
        ("text/x-libsvm", Format::Libsvm),
        ("libsvm", Format::Libsvm),
        ("application/x-npy", Format::Npy),
        ("npy", Format::Npy),
        ("application/jsonlines", Format::JsonLines),
        ("application/x-ndjson", Format::JsonLines),
        ("application/x-recordio-protobuf", Format::RecordIo),
        ("recordio-protobuf", Format::RecordIo),
        ("application/x-npz", Format::Npz),
        ("parquet", Format::Parquet),
        ("application/vnd.apache.parquet", Format::Parquet),
        ("JSON", Format::Json),
    ];
    for (name, format) in formats {
        let all =
            [Format::Csv, Format::Libsvm, Format::JsonLines, Format::RecordIo, Format::Npy, Format::Npz, Format::Parquet, Format::Json];
        assert_eq!(ContentType::parse(name).unwrap().format("request", &all).unwrap(), format, "{name}");
    }
}

#[test]
fn wrong_parameters_are_told() {
    let cases = [
        ("text/csv; label_size", "content type 'text/csv; label_size': no '=' in the parameter 'label_size'"),
        ("text/csv; =1", "content type 'text/csv; =1': no name or no value in the parameter '=1'"),
        ("text/csv; a=1; A=2", "content type 'text/csv; a=1; A=2': a second value in the parameter 'A=2'"),
    ];
    for (text, message) in cases {
        assert_eq!(wrong_input(ContentType::parse(text)), message);
    }
    let label_size = ContentType::parse("text/csv; label_size=-1").unwrap().label_size();
    assert_eq!(wrong_input(label_size), "content type: label_size is '-1', not a whole number");
    let index_base = ContentType::parse("text/libsvm; index_base=2").unwrap().index_base();
    assert_eq!(wrong_input(index_base), "content type: index_base is '2', not 0 or 1");
}

#[test]
fn unsupported_types_and_charsets_are_refused_with_what_is_supported() {
    let cases = [
        ("image/png", "request: content type 'image/png' cannot be read", "supported are text/csv, application/json"),
        ("libsvm", "request: content type 'libsvm' cannot be read", "supported are text/csv, application/json"),
        ("", "request: no content type is given", "supported are text/csv, application/json"),
        ("text/csv; charset=utf-16", "request: charset 'utf-16' cannot be read", "supported is utf-8"),
    ];
    for (text, message, help) in cases {
        let refused = failure(ContentType::parse(text).unwrap().format("request", &[Format::Csv, Format::Json]));
        assert_eq!(refused.code, Code::UnsupportedMedia);
        assert_eq!((refused.what.as_str(), refused.help.as_deref()), (message, Some(help)));
    }
}
