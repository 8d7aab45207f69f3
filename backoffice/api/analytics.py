"""What shoppers did, in figures; those of one customer are among the customers."""

from backoffice.access import requires
from backoffice.api.figures import (
    Behaviour,
    Conversion,
    Course,
    DaysQuery,
    PagesQuery,
    ViewedPages,
    behaviour_of,
    conversion_of,
    course_of,
    pages_of,
)
from backoffice.api.operation import operation, subject

blueprint = subject("analytics", "/analytics", __name__)


@blueprint.get("/figures")
@requires("agent", scopes=("read",))
@operation()
def figures(query: DaysQuery) -> Behaviour:
    """Count users, sessions and events"""
    return behaviour_of(query.days)


@blueprint.get("/conversion")
@requires("agent", scopes=("read",))
@operation()
def conversion(query: DaysQuery) -> Conversion:
    """Count the sessions from search to checkout"""
    return conversion_of(query.days)


@blueprint.get("/pages")
@requires("agent", scopes=("read",))
@operation()
def pages(query: PagesQuery) -> ViewedPages:
    """List the pages that are viewed most"""
    return pages_of(query.days, query.count)


@blueprint.get("/course")
@requires("agent", scopes=("read",))
@operation()
def course(query: DaysQuery) -> Course:
    """Count sessions and events over time"""
    return course_of(query.days)
