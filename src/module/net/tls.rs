//! TLS: whom to trust, and how the one who asks shows who it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::Ask;
use crate::module::Context;
use crate::module::path::variable_value;

/// Where distributions keep the certificates they trust: Debian, Fedora, SUSE, Alpine.
const TRUSTED: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// How to speak TLS to a server.
pub(super) fn config(ask: &Ask, ctx: &Context<'_>) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = if ask.validate {
        builder.with_root_certificates(roots(ask, ctx)?)
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
    };
    let Some(certificate) = &ask.certificate else { return Ok(builder.with_no_client_auth()) };
    let path = ask.key.as_ref().unwrap_or(certificate);
    let key = PrivateKeyDer::from_pem_file(path).map_err(|error| unreadable(path, &error))?;
    builder.with_client_auth_cert(read(certificate)?, key).map_err(|error| error.to_string())
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{} cannot be read: {error}", path.display())
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    // What is no certificate stands between them in some files.
    Ok(CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok).collect())
}

fn roots(ask: &Ask, ctx: &Context<'_>) -> Result<RootCertStore, String> {
    let own = variable_value("SSL_CERT_FILE", ctx).map(PathBuf::from);
    let system = own.or_else(|| TRUSTED.iter().map(PathBuf::from).find(|path| path.is_file()));
    let mut store = RootCertStore::empty();
    for path in system.iter().chain(&ask.ca) {
        store.add_parsable_certificates(read(path)?);
    }
    Ok(store)
}

/// What is wrong with a certificate, in words that playbooks know: OpenSSL's.
pub(super) fn words(error: &CertificateError, host: &str) -> String {
    use CertificateError as Problem;
    match error {
        Problem::NotValidForName | Problem::NotValidForNameContext { .. } => {
            format!("Hostname mismatch, certificate is not valid for '{host}'.")
        }
        Problem::UnknownIssuer => format!("unable to get local issuer certificate; {host} is not trusted"),
        Problem::Expired | Problem::ExpiredContext { .. } => {
            format!("certificate has expired; {host} is not trusted")
        }
        other => format!("{other:?}; {host} is not trusted"),
    }
}

/// For `validate_certs: false`: whoever the server is, as long as it has the key of its certificate.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
