//! What sends requests of messages, and judges what came back.

use std::collections::BTreeMap;
use std::time::Duration;

use forebay_sdk::config::{Interpolated, RateLimitLabel, Secret};
use forebay_sdk::http::{self, Authentication, HttpError, Request, Response};
use forebay_sdk::log::Level;
use forebay_sdk::rate_limits::{self, Waited};
use forebay_sdk::{Batch, Error, Operation, Problem, metrics, time};

use crate::certificates::Certificates;
use crate::dump::{self, Dump};
use crate::exchange::{Exchange, Step, Tried, TryError, Verdict};
use crate::failure::Failure;
use crate::fields::{AuthFields, ClientFields};
use crate::keys::Keys;
use crate::pauses::Pauses;
use crate::request::{Body, Composer};
use crate::response::Answer;
use crate::status::{Again, Judgement, Statuses};

/// Sends requests for one component.
pub(crate) struct Client {
    composer: Composer,
    statuses: Statuses,
    pauses: Pauses,
    tries: u64,
    extracted: Keys,
    dump: Option<Level>,
    connection: Connection,
    authentication: Option<Authentication>,
    rate_limit: Option<RateLimitLabel>,
}

/// What all requests have in common.
struct Connection {
    certificates: Certificates,
    proxy: Option<Secret>,
    timeout: Duration,
}

/// The largest response: as much as the host gives at once.
pub(crate) const LARGEST: u64 = 64 << 20;
/// The longest time that the host gives a request.
pub(crate) const LONGEST: Duration = Duration::from_secs(600);

impl Client {
    pub(crate) fn new(fields: ClientFields, method: String, body: Body) -> Result<Self, Problem> {
        fields.check()?;
        let authentication = fields.auth.authentication();
        let ClientFields {
            url,
            mut headers,
            metadata,
            dump_request_log_level,
            auth: AuthFields { basic_auth, .. },
            tls,
            extract_headers,
            rate_limit,
            timeout,
            retry_period,
            max_retry_backoff,
            retries,
            backoff_on,
            drop_on,
            successful_on,
            proxy_url,
            ..
        } = fields;
        let composer = Composer {
            method: if method.is_empty() { "GET".to_owned() } else { method },
            url,
            host: take_host(&mut headers),
            headers,
            metadata: Keys::compile(metadata, "metadata")?,
            body,
            basic: basic_auth.enabled.then_some((basic_auth.username, basic_auth.password)),
        };
        let set = |statuses: Vec<u16>| statuses.into_iter().collect();
        Ok(Self {
            composer,
            statuses: Statuses { backoff: set(backoff_on), drop: set(drop_on), success: set(successful_on) },
            pauses: Pauses::new(retry_period, max_retry_backoff),
            tries: u64::try_from(retries).unwrap_or(0),
            extracted: Keys::compile(extract_headers, "extract_headers")?,
            dump: dump::level(&dump_request_log_level),
            connection: Connection {
                certificates: Certificates::new(tls),
                proxy: proxy_url,
                timeout: if timeout.is_zero() { LONGEST } else { timeout },
            },
            authentication,
            rate_limit: RateLimitLabel::given(rate_limit),
        })
    }

    /// Without a limit of its own: for responses that go on and on.
    pub(crate) fn without_timeout(mut self) -> Self {
        self.connection.timeout = LONGEST;
        self
    }

    /// The messages that a response stands for.
    pub(crate) fn answer(&self, response: Response) -> Result<Answer, Failure> {
        Answer::read(response, &self.extracted).map_err(Failure::new)
    }

    /// Starts the request of a batch of at least one message.
    pub(crate) fn begin(&mut self, batch: Batch) -> Step {
        let exchange = self.exchange(batch);
        self.start(exchange, Duration::ZERO)
    }

    /// Goes on after a try has ended.
    pub(crate) fn resume(&mut self, mut exchange: Exchange, operation: &Operation) -> Step {
        if self.rate_limit.is_some() && !exchange.admitted {
            if let Some(Err(error)) = operation.outcome() {
                return Step::Ended(Err(Failure::new(error.into_message())));
            }
            exchange.admitted = true;
            return self.start(exchange, Duration::ZERO);
        }
        exchange.admitted = false;
        let tried = http::response(operation).map_err(TryError::Http);
        match self.judge(&mut exchange, tried) {
            Verdict::Again(pause) => self.start(exchange, pause),
            Verdict::Ended(result) => Step::Ended(result),
        }
    }

    /// Starts a try after a pause, or the wait for the rate limit that comes between.
    fn start(&mut self, mut exchange: Exchange, pause: Duration) -> Step {
        if let Some(limit) = self.rate_limit.as_deref().filter(|_| !exchange.admitted) {
            return match rate_limits::start(limit, Some(size(&exchange.batch)), pause) {
                Ok(operation) => Step::Waits(exchange, operation),
                Err(error) => Step::Ended(Err(Failure::new(error.to_string()))),
            };
        }
        let tried = match self.request(&mut exchange) {
            Err(failure) => return Step::Ended(Err(failure)),
            Ok(Err(error)) => Err(error),
            Ok(Ok(request)) => match request.start_after(pause) {
                Ok(operation) => {
                    exchange.started += pause;
                    return Step::Waits(exchange, operation);
                }
                Err(error) => Err(TryError::Http(error)),
            },
        };
        // Nothing was sent, so there is no operation that could wait for another try.
        Step::Ended(self.weigh(&mut exchange, tried).map_err(|(failure, _)| failure))
    }

    pub(crate) fn exchange(&self, batch: Batch) -> Exchange {
        Exchange {
            batch,
            tries: self.tries,
            method: String::new(),
            url: String::new(),
            dump: None,
            admitted: false,
            started: Duration::ZERO,
        }
    }

    /// Waits until the rate limit lets the next try of an exchange go on, or until something else is pending.
    ///
    /// # Errors
    /// When there is no such limit.
    pub(crate) fn admit(&self, exchange: &Exchange) -> Result<Waited, Failure> {
        let Some(limit) = self.rate_limit.as_deref() else { return Ok(Waited::Admitted) };
        rate_limits::wait(limit, Some(size(&exchange.batch)), None)
            .map_err(|error| Failure::new(error.to_string()))
    }

    /// The next try of an exchange.
    ///
    /// # Errors
    /// No request can be made of the batch; or, inside, this try has failed already.
    pub(crate) fn request(&mut self, exchange: &mut Exchange) -> Result<Result<Request, TryError>, Failure> {
        let composed = self.composer.compose(&exchange.batch);
        let composed = composed.map_err(|error| Failure::new(error.into_message()))?;
        exchange.method.clone_from(&composed.method);
        exchange.url.clone_from(&composed.url);
        exchange.dump = None;
        exchange.started = time::monotonic();
        exchange.dump = Dump::of(self.dump, &composed);
        let request = composed.into_request();
        let request = match &self.authentication {
            Some(authentication) => request.authentication(authentication.clone()),
            None => request,
        };
        let request = self.connection.apply(request);
        Ok(request
            .map(|request| request.timeout(self.connection.timeout).most(LARGEST))
            .map_err(|error| TryError::Unsent(error.into_message())))
    }

    /// Whether a status is none to try again after.
    pub(crate) fn is_success(&self, status: u16) -> bool {
        self.statuses.judge(status) == Judgement::Success
    }

    /// What becomes of an exchange after a try.
    pub(crate) fn judge(&mut self, exchange: &mut Exchange, tried: Tried) -> Verdict {
        match self.weigh(exchange, tried) {
            Ok(response) => Verdict::Ended(Ok(response)),
            Err((failure, again)) if again == Again::Never || exchange.tries == 0 => {
                Verdict::Ended(Err(failure))
            }
            Err((_, again)) => {
                exchange.tries -= 1;
                Verdict::Again(self.pauses.next(again == Again::Later))
            }
        }
    }

    /// Notes how a try has ended; why it has failed, and whether another one may help.
    fn weigh(&mut self, exchange: &mut Exchange, tried: Tried) -> Result<Response, (Failure, Again)> {
        let Exchange { method, url, dump, started, .. } = exchange;
        let elapsed = time::monotonic().saturating_sub(*started);
        metrics::timing("http_request_latency_ns", &[], elapsed);
        if let Some(dump) = dump.take() {
            match &tried {
                Ok(response) => dump.write(elapsed, Ok(response)),
                Err(TryError::Http(error)) => dump.write(elapsed, Err(error)),
                Err(TryError::Unsent(_)) => {}
            }
        }
        let (failure, again) = match tried {
            Ok(response) => {
                count(response.status);
                match self.statuses.judge(response.status) {
                    Judgement::Success => {
                        self.pauses.reset();
                        return Ok(response);
                    }
                    Judgement::Failure(again) => (Failure::of_response(&response), again),
                }
            }
            Err(TryError::Http(error)) => {
                // The same request would be refused again.
                let is_final = matches!(error, HttpError::Denied(_) | HttpError::Invalid(_));
                let again = if is_final { Again::Never } else { Again::Soon };
                (Failure::of_request(method, url, &error), again)
            }
            Err(TryError::Unsent(reason)) => (Failure::of_try(method, url, &reason), Again::Soon),
        };
        Err((failure.at(url), again))
    }
}

impl Connection {
    fn apply(&mut self, request: Request) -> Result<Request, Error> {
        let request = self.certificates.apply(request)?;
        Ok(match &self.proxy {
            Some(proxy) => request.proxy(proxy),
            None => request,
        })
    }
}

/// The header that names the host, which goes its own way.
fn take_host(headers: &mut BTreeMap<String, Interpolated>) -> Option<Interpolated> {
    let name = headers.keys().find(|name| name.eq_ignore_ascii_case("host"))?.clone();
    headers.remove(&name)
}

/// The bytes of all payloads.
fn size(batch: &Batch) -> usize {
    batch.messages().map(|message| message.bytes().len()).sum()
}

fn count(status: u16) {
    if status < 600 {
        metrics::count(&format!("http_request_code_{}xx", status / 100), &[], 1);
    }
}

#[cfg(test)]
mod tests;
