"""Certificates for tests of TLS: an authority, and what it signs."""
import datetime, ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    def __init__(self, common_name='test authority', days=2):
        self.days = days
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name(common_name)
        self.cert = self.build(self.name, self.key).add_extension(x509.BasicConstraints(True, None), True).sign(self.key, hashes.SHA256())
        self.pem = self.cert.public_bytes(serialization.Encoding.PEM).decode()

    def build(self, subject, key):
        now = datetime.datetime.utcnow()
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
                .not_valid_after(now + datetime.timedelta(days=self.days)))

    def issue(self, common_name, with_rsa=False):
        """Certificate and key as PEM texts, for a name and 127.0.0.1."""
        key = rsa.generate_private_key(65537, 2048) if with_rsa else ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(common_name), x509.IPAddress(ipaddress.ip_address('127.0.0.1'))])
        cert = self.build(name(common_name), key).add_extension(names, False).sign(self.key, hashes.SHA256())
        return cert.public_bytes(serialization.Encoding.PEM).decode(), pem(key)
