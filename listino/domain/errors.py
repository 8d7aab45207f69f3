"""Everything Listino raises on purpose. Each message names what is wrong and, where there is one, the way out."""


class ListinoError(Exception):
    """Base of all errors that a caller may show to a person as they are."""


class InvalidValue(ListinoError):
    """Raised when a typed value (an amount, an id, a rate) cannot be made from what was given."""


class UnknownMarket(ListinoError):
    """Raised when a market code is none of the declared markets."""


class UnknownShop(ListinoError):
    """Raised when no declaration exists for the named shop."""


class InvalidShop(ListinoError):
    """Raised when a shop's TOML declaration cannot be read or says something impossible."""


class InvalidSettings(ListinoError):
    """Raised at start when the environment or the .env file holds a value that cannot be used."""


class UnreadablePage(ListinoError):
    """Raised when a shop answered with something its platform adapter cannot read."""


class NoSecureConnection(UnreadablePage):
    """Raised when a host was asked by https and does not speak it, or not with a certificate that can be trusted."""


class VisitRefused(ListinoError):
    """Raised when a shop is not to be asked: its robots.txt or its own answer says no, or it leads to another host."""


class UnreadableCatalogue(ListinoError):
    """Raised when the CSV files of a catalogue are not there, or not as they must be; nothing was written."""


class ImportRunning(ListinoError):
    """Raised when a catalogue is to be imported while another import is at work on this machine."""


class ImportFailed(ListinoError):
    """Raised when an import ended before its end for a reason outside its files; started again it goes on."""


class ProductNotFound(ListinoError):
    """Raised when the store holds no product of that id."""


class AccountNotFound(ListinoError):
    """Raised when no member of the staff has that e-mail address."""


class CrawlNotFound(ListinoError):
    """Raised when the store holds no crawl of that id."""


class CustomerNotFound(ListinoError):
    """Raised when the store knows no customer of that id: none was ever told of, or the person has been erased."""


class NotYours(ListinoError):
    """Raised when somebody would change what is another's to change; the message says whose."""


class OwnRights(ListinoError):
    """Raised when somebody is to change their own role or access: another administrator has to do that."""


class QueueUnavailable(ListinoError):
    """Raised when nothing can be put into a queue, or taken out of it, because Redis is away."""


class EngineUnavailable(ListinoError):
    """Raised when MongoDB or Redis does not answer; the message names which one and where it was expected."""


class ListBeingPrepared(ListinoError):
    """Raised when a page far into a list is asked for whose beginning is still being looked for; a moment later it is there."""


class TooBroad(ListinoError):
    """Raised when the filters of a search leave more to look through than can be in the time that a person waits."""


class CrawlRunning(ListinoError):
    """Raised when a market is to be crawled while another crawl of it is still at work."""


class CrawlFailed(ListinoError):
    """Raised when a spider ended without a finished crawl."""


class LocalPlatformError(ListinoError):
    """Raised when the platform on this machine cannot be started, with what to do about it."""


class GoneFromShop(ListinoError):
    """Raised when a shop no longer has the product: its answer says so, or it was known before."""


class AlreadyDecided(ListinoError):
    """Raised when something is to be decided that is no longer as it was shown: a held price, a job that had failed, a crawl
    that was at work; the message says what became of it."""
