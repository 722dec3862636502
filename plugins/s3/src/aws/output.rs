use std::collections::BTreeMap;
use std::time::Duration;

use forebay_sdk::config::{BatchPolicy, Interpolated, Values, parse_duration};
use forebay_sdk::http::Text;
use forebay_sdk::objects::{Attributes, PutOptions};
use forebay_sdk::streams::ByteStream;
use forebay_sdk::{
    Batch, Config, Context, Error, Message, Operation, Output, Problem, StreamingOutput, WriteError, Written,
};

use super::session::SessionFields;
use crate::collision::Collision;
use crate::stores::Stores;
use crate::writer::{Object, Writer};

/// Puts each message as an object into a bucket of S3, or of a store that speaks as it does.
///
/// To make one object of many messages, collect them with `batching`, and make one of them there, with `archive` or
/// `parquet_encode`: what they make goes to the object in parts while it is made, and is seen there when it is
/// complete. Messages for different paths are parted first, with `group_by_value`.
///
/// Names of objects have 1 to 1,000 bytes, and no empty parts between slashes.
#[derive(Config)]
pub(crate) struct AwsS3OutputConfig {
    /// The bucket.
    #[config(example = "lake", example = "lake-${! @tenant }")]
    bucket: Interpolated,
    /// The name of each object.
    #[config(
        default = "${!count(\"files\")}-${!timestamp_unix_nano()}.txt",
        example = "${!metadata(\"kafka_key\")}.json",
        example = "${!json(\"doc.namespace\")}/${!json(\"doc.id\")}.json"
    )]
    path: Interpolated,
    /// The tags of each object.
    #[config(default = {}, example = {"team": "data", "kind": "${! @kind }"})]
    tags: BTreeMap<String, Interpolated>,
    /// The media type of each object.
    #[config(default = "application/octet-stream")]
    content_type: Interpolated,
    /// How each object is encoded.
    #[config(default = "", advanced, example = "gzip")]
    content_encoding: Interpolated,
    /// How long others may keep each object.
    #[config(default = "", advanced)]
    cache_control: Interpolated,
    /// How each object is presented by a browser.
    #[config(default = "", advanced)]
    content_disposition: Interpolated,
    /// The language of each object.
    #[config(default = "", advanced)]
    content_language: Interpolated,
    /// Not there yet: only an empty text is taken.
    #[config(default = "", advanced)]
    website_redirect_location: String,
    /// Which metadata of a message its object gets.
    #[config(default = {})]
    metadata: MetadataFields,
    /// The class of each object: STANDARD, REDUCED_REDUNDANCY, GLACIER, STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING
    /// or DEEP_ARCHIVE.
    #[config(default = "STANDARD", advanced)]
    storage_class: Interpolated,
    /// The key of KMS that objects are encrypted with.
    #[config(default = "", advanced)]
    kms_key_id: String,
    /// How objects are encrypted by the store: `AES256`, `aws:kms` or `aws:kms:dsse`. With a key it is `aws:kms`.
    #[config(default = "", advanced)]
    server_side_encryption: String,
    /// The checksum that goes with each object. Of Bento's algorithms `SHA256` is there.
    #[config(default = "", advanced)]
    checksum_algorithm: String,
    /// Whether buckets always are the first part of the path of urls, and never a part of the host.
    #[config(default = false, advanced)]
    force_path_style_urls: bool,
    /// How many batches may be under way at once.
    #[config(default = 64)]
    #[expect(dead_code, reason = "the host counts them")]
    max_in_flight: u64,
    /// How long an object may take, every try included. One that is put while it is made may take as long as that.
    #[config(default = "5s", advanced)]
    timeout: Duration,
    /// When the output starts, it looks for uploads in parts that a process which was killed has left, and aborts each
    /// when nothing was put to it for so long: of those for its bucket, where that is the same for all messages,
    /// whose names begin and end as those of its own do by `path`. An upload does not say whose it is, so those of others
    /// go too that have such names, whatever writes them, and however long they are to wait for their end. Therefore it is
    /// done by itself only where `path` is the same for all messages, after `24h`. With expressions in `path` it is done
    /// where this is set, for an output that nobody else shares such names with; where they begin with nothing in common,
    /// or it can't be told how they end, it is not done. Empty: it never is. `0s` aborts them at once. It takes the right
    /// to list uploads; without it there is a line in the log.
    #[config(advanced, example = "0s", example = "24h")]
    abort_uploads_after: Option<String>,
    /// How messages are collected to batches first.
    #[config(default = {})]
    #[expect(dead_code, reason = "the host collects them")]
    batching: BatchPolicy,
    #[config(flatten)]
    session: SessionFields,
}

#[derive(Config)]
struct MetadataFields {
    /// Keys that begin with one of these are left out.
    #[config(default = [], example = ["kafka_"])]
    exclude_prefixes: Vec<String>,
}

pub(crate) struct AwsS3Output {
    writer: Writer,
    texts: Texts,
    excluded: Vec<String>,
    timeout: Duration,
    /// How long nothing is put to an upload that was left; none where they are not looked for.
    abandoned: Option<Duration>,
}

/// How long nothing is put to an upload that is aborted by itself.
const ABANDONED: Duration = Duration::from_hours(24);

/// What may differ from message to message.
struct Texts {
    bucket: Interpolated,
    path: Interpolated,
    tags: BTreeMap<String, Interpolated>,
    content_type: Interpolated,
    content_encoding: Interpolated,
    cache_control: Interpolated,
    content_disposition: Interpolated,
    content_language: Interpolated,
    storage_class: Interpolated,
}

impl Output for AwsS3Output {
    const NAME: &'static str = "aws_s3";

    type Config = AwsS3OutputConfig;

    fn open(config: AwsS3OutputConfig, _: &Context) -> Result<Self, Problem> {
        let AwsS3OutputConfig {
            bucket,
            path,
            tags,
            content_type,
            content_encoding,
            cache_control,
            content_disposition,
            content_language,
            website_redirect_location,
            metadata: MetadataFields { exclude_prefixes: excluded },
            storage_class,
            kms_key_id,
            server_side_encryption,
            checksum_algorithm,
            force_path_style_urls,
            max_in_flight: _,
            timeout,
            abort_uploads_after,
            batching: _,
            session,
        } = config;
        if !website_redirect_location.is_empty() {
            let problem = Problem::new("an object can't be made to redirect: leave it empty");
            return Err(problem.at("/website_redirect_location"));
        }
        let abandoned = match abort_uploads_after.as_deref() {
            // Names that only look alike may be those of others.
            None => path.constant().map(|_| ABANDONED),
            Some("") => None,
            Some(text) => Some(parse_duration(text).ok_or_else(|| {
                Problem::new(format!("{text:?} is not a duration")).at("/abort_uploads_after")
            })?),
        };
        let mut cloud = session.cloud(force_path_style_urls);
        cloud.settings.extend(encryption(&kms_key_id, &server_side_encryption)?);
        cloud.settings.extend(checksum(&checksum_algorithm)?);
        let texts = Texts {
            bucket,
            path,
            tags,
            content_type,
            content_encoding,
            cache_control,
            content_disposition,
            content_language,
            storage_class,
        };
        Ok(Self { writer: Writer::new(Stores::new(cloud)), texts, excluded, timeout, abandoned })
    }

    fn connect(&mut self) -> Result<(), Error> {
        let Some(bucket) = self.texts.bucket.constant() else { return Ok(()) };
        self.writer.check(bucket)?;
        if let Some(abandoned) = self.abandoned {
            self.writer.abort_leftovers(bucket, &self.texts.path, abandoned);
        }
        Ok(())
    }

    fn write(&mut self, batch: Batch) -> Result<Written, WriteError> {
        let objects = self.objects(&batch)?;
        Ok(self.writer.write(&batch, objects))
    }

    fn resolve(&mut self, operation: Operation) -> Result<Written, WriteError> {
        self.writer.resolve(&operation)
    }
}

impl StreamingOutput for AwsS3Output {
    fn write_stream(&mut self, head: Batch, payload: ByteStream) -> Result<Written, WriteError> {
        let object = self.objects(&head)?.pop().ok_or_else(|| Error::new("there is no message"))??;
        self.writer.write_stream(object, payload)
    }
}

impl AwsS3Output {
    /// What each message of a batch becomes.
    fn objects(&self, batch: &Batch) -> Result<Vec<Result<Object, Error>>, Error> {
        let Texts {
            bucket,
            path,
            tags,
            content_type,
            content_encoding,
            cache_control,
            content_disposition,
            content_language,
            storage_class,
        } = &self.texts;
        let tags: Vec<_> = tags
            .iter()
            .map(|(name, text)| Ok((name.as_str(), text.evaluate(batch)?)))
            .collect::<Result<_, Error>>()?;
        let values = Evaluated {
            bucket: bucket.evaluate(batch)?,
            path: path.evaluate(batch)?,
            tags,
            content_type: content_type.evaluate(batch)?,
            content_encoding: content_encoding.evaluate(batch)?,
            cache_control: cache_control.evaluate(batch)?,
            content_disposition: content_disposition.evaluate(batch)?,
            content_language: content_language.evaluate(batch)?,
            storage_class: storage_class.evaluate(batch)?,
        };
        Ok(batch.messages().map(|message| self.object(&values, message)).collect())
    }

    fn object(&self, values: &Evaluated<'_>, message: Message<'_>) -> Result<Object, Error> {
        let index = message.index();
        let text = |values: &Values<'_>, field: &str| match values.get(index) {
            Ok(text) if text.is_empty() => Ok(None),
            Ok(text) => Ok(Some(text.into_owned())),
            Err(error) => Err(error.context(field)),
        };
        let tags = values.tags.iter().map(|(name, values)| {
            Ok(((*name).to_owned(), text(values, &format!("tags.{name}"))?.unwrap_or_default()))
        });
        let attributes = Attributes {
            content_type: text(&values.content_type, "content_type")?,
            content_encoding: text(&values.content_encoding, "content_encoding")?,
            content_language: text(&values.content_language, "content_language")?,
            content_disposition: text(&values.content_disposition, "content_disposition")?,
            cache_control: text(&values.cache_control, "cache_control")?,
            // What it is anyway. Not every store that speaks as S3 does has classes.
            storage_class: text(&values.storage_class, "storage_class")?.filter(|class| class != "STANDARD"),
            metadata: self.metadata(message),
        };
        Ok(Object {
            bucket: text(&values.bucket, "bucket")?.unwrap_or_default(),
            path: text(&values.path, "path")?.unwrap_or_default(),
            options: PutOptions {
                attributes,
                tags: tags.collect::<Result<_, Error>>()?,
                timeout: Some(self.timeout),
            },
            collision: Collision::Overwrite,
        })
    }

    fn metadata(&self, message: Message<'_>) -> Vec<(String, String)> {
        let is_taken = |key: &str| !self.excluded.iter().any(|prefix| key.starts_with(prefix));
        let entries = message.metadata_entries().filter(|(key, _)| is_taken(key));
        entries.map(|(key, value)| (key.to_owned(), forebay_text::of(value))).collect()
    }
}

/// The texts for the messages of a batch.
struct Evaluated<'a> {
    bucket: Values<'a>,
    path: Values<'a>,
    tags: Vec<(&'a str, Values<'a>)>,
    content_type: Values<'a>,
    content_encoding: Values<'a>,
    cache_control: Values<'a>,
    content_disposition: Values<'a>,
    content_language: Values<'a>,
    storage_class: Values<'a>,
}

type Settings = Vec<(&'static str, Text)>;

fn encryption(key: &str, algorithm: &str) -> Result<Settings, Problem> {
    let algorithm = match (algorithm, key) {
        ("", "") => return Ok(Vec::new()),
        ("", _) => "aws:kms",
        ("AES256" | "aws:kms" | "aws:kms:dsse", _) => algorithm,
        (other, _) => {
            let problem = format!("{other:?} is not known; there are AES256, aws:kms and aws:kms:dsse");
            return Err(Problem::new(problem).at("/server_side_encryption"));
        }
    };
    let mut settings = vec![("server_side_encryption", Text::from(algorithm))];
    if !key.is_empty() {
        settings.push(("sse_kms_key_id", Text::from(key)));
    }
    Ok(settings)
}

fn checksum(algorithm: &str) -> Result<Settings, Problem> {
    match algorithm {
        "" => Ok(Vec::new()),
        "SHA256" => Ok(vec![("checksum_algorithm", Text::from("sha256"))]),
        other => {
            let problem = format!("{other:?} is not there; leave it empty, or take SHA256");
            Err(Problem::new(problem).at("/checksum_algorithm"))
        }
    }
}

#[cfg(test)]
mod tests;
