//! The account of an authority that gives nothing to strangers: it is bound, once, to one that its operator keeps (RFC
//! 8555 §7.3.4). The library binds keys alone that it has made itself, so this request is made here.

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use hactl_engine::certificates::Order;
use http::{Method, Request};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient as _, Problem};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde::Deserialize;
use serde_json::{Value, json};

use super::door::Door;

/// Who the operator of the authority says that we are.
pub(super) struct Voucher<'v> {
    /// The name of the key there.
    pub(super) kid: &'v str,
    /// The key.
    pub(super) key: &'v [u8],
}

/// A nonce may be refused, which says nothing of what was asked (RFC 8555 §6.5).
const TRIES: usize = 3;
const NONCE_REFUSED: &str = "urn:ietf:params:acme:error:badNonce";

/// What is needed of a directory (RFC 8555 §7.1.1).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Directory {
    new_nonce: String,
    new_account: String,
}

/// Makes the account of this key (PKCS #8), or finds that it is there.
pub(super) async fn bind(door: &Door, order: &Order, key: &[u8], voucher: &Voucher<'_>) -> Result<(), Error> {
    let key = Signer::new(key)?;
    let asked = ask(door, Method::GET, &order.directory, "").await?;
    let directory: Directory = serde_json::from_slice(&checked(asked).await?)?;
    let mut refused = Error::Str("an answer of the authority");
    for _ in 0..TRIES {
        let nonce = ask(door, Method::HEAD, &directory.new_nonce, "").await?;
        let nonce = nonce.parts.headers.get("Replay-Nonce").and_then(|nonce| nonce.to_str().ok());
        let nonce = nonce.ok_or(Error::Str("the authority's nonce"))?;
        let body = request(&key, order, &directory.new_account, nonce, voucher)?;
        match checked(ask(door, Method::POST, &directory.new_account, &body).await?).await {
            Err(Error::Api(problem)) if problem.r#type.as_deref() == Some(NONCE_REFUSED) => refused = problem.into(),
            other => return other.map(drop),
        }
    }
    Err(refused)
}

/// The request for an account, signed by its own key, with what vouches for that key inside.
fn request(key: &Signer, order: &Order, url: &str, nonce: &str, voucher: &Voucher<'_>) -> Result<String, Error> {
    let by_operator = json!({ "alg": "HS256", "kid": voucher.kid, "url": url });
    let secret = hmac::Key::new(hmac::HMAC_SHA256, voucher.key);
    let bound = signed(&by_operator, &key.public.to_string(), |text| Ok(hmac::sign(&secret, text).as_ref().to_vec()))?;
    let payload = json!({
        "termsOfServiceAgreed": true,
        "contact": [format!("mailto:{}", order.email)],
        "externalAccountBinding": bound,
    });
    let by_us = json!({ "alg": "ES256", "jwk": key.public, "nonce": nonce, "url": url });
    signed(&by_us, &payload.to_string(), |text| key.sign(text)).map(|request| request.to_string())
}

/// A JSON Web Signature (RFC 7515 §7.2.2).
fn signed(header: &Value, payload: &str, sign: impl Fn(&[u8]) -> Result<Vec<u8>, Error>) -> Result<Value, Error> {
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let (header, payload) = (text(header.to_string().as_bytes()), text(payload.as_bytes()));
    let signature = text(&sign(format!("{header}.{payload}").as_bytes())?);
    Ok(json!({ "protected": header, "payload": payload, "signature": signature }))
}

/// The account's key.
struct Signer {
    pair: EcdsaKeyPair,
    /// As RFC 7517 writes it.
    public: Value,
    random: SystemRandom,
}

/// Bytes of a coordinate of P-256.
const COORDINATE: usize = 32;

impl Signer {
    fn new(pkcs8: &[u8]) -> Result<Self, Error> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random);
        let pair = pair.map_err(|_| Error::KeyRejected)?;
        // A point as X9.62 writes it: a byte that says so, then both coordinates.
        let point = pair.public_key().as_ref().strip_prefix(&[4]).and_then(|both| both.split_at_checked(COORDINATE));
        let (x, y) = point.ok_or(Error::KeyRejected)?;
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        let public = json!({ "crv": "P-256", "kty": "EC", "x": text(x), "y": text(y) });
        Ok(Self { pair, public, random })
    }

    fn sign(&self, text: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = self.pair.sign(&self.random, text).map_err(|_| Error::Crypto)?;
        Ok(signature.as_ref().to_vec())
    }
}

async fn ask(door: &Door, method: Method, url: &str, body: &str) -> Result<BytesResponse, Error> {
    let request = Request::builder().method(method).uri(url).header("Content-Type", "application/jose+json");
    door.request(request.body(BodyWrapper::<Bytes>::from(body.as_bytes().to_vec()))?).await
}

/// The body of a good answer; else what the authority says.
async fn checked(mut answer: BytesResponse) -> Result<Bytes, Error> {
    let body = answer.body.into_bytes().await.map_err(Error::Other)?;
    match answer.parts.status.is_success() {
        true => Ok(body),
        false => Err(serde_json::from_slice::<Problem>(&body)?.into()),
    }
}
