"""``/api/projects``: folders of conversations with instructions and files."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from typing_extensions import TypedDict

from fathom.server.api.assistant.common import Id, NotBlank, StrictBody, resource_router
from fathom.server.assistant_handle import AssistantHandle

Name = Annotated[str, Field(min_length=1, max_length=200), NotBlank]
Instructions = Annotated[str, Field(max_length=20_000)]


class ProjectBody(StrictBody):
    name: Name
    instructions: Instructions = ""


class ProjectChange(StrictBody):
    """Only the fields that are given change."""

    name: Name = ""
    instructions: Instructions = ""


class ProjectFile(StrictBody):
    file: Id = Field(max_length=64, description="the id of an uploaded file")


class ProjectJson(TypedDict):
    """``conversations`` and ``files`` are how many it has."""

    id: str
    name: str
    instructions: str
    created: int
    updated: int
    conversations: int
    files: int


class ProjectList(TypedDict):
    data: list[ProjectJson]
    next: None


class ProjectFileList(TypedDict):
    data: list[dict[str, Any]]
    next: None


def router(handle: AssistantHandle) -> APIRouter:
    routes = resource_router()

    @routes.get("/projects")
    async def list_projects() -> ProjectList:
        """All projects, by name."""
        return {"data": [project.json() for project in await (await handle.get()).projects.list()], "next": None}

    @routes.post("/projects", status_code=201)
    async def create_project(body: ProjectBody) -> ProjectJson:
        """A new project."""
        return (await (await handle.get()).projects.create(body.name, body.instructions)).json()

    @routes.get("/projects/{project}")
    async def get_project(project: Id) -> ProjectJson:
        """One project."""
        return (await (await handle.get()).projects.get(project)).json()

    @routes.patch("/projects/{project}")
    async def change_project(project: Id, body: ProjectChange) -> ProjectJson:
        """Rename a project, or change its instructions. Answers of before keep what they were made with."""
        return (await (await handle.get()).projects.change(project, **body.model_dump(exclude_unset=True))).json()

    @routes.delete("/projects/{project}", status_code=204)
    async def delete_project(project: Id) -> None:
        """Delete a project. Its conversations stay, outside of any project."""
        await (await handle.get()).projects.delete(project)

    @routes.get("/projects/{project}/files")
    async def list_project_files(project: Id) -> ProjectFileList:
        """The files that all conversations of a project can use."""
        return {"data": list(await (await handle.get()).projects.files(project)), "next": None}

    @routes.post("/projects/{project}/files", status_code=204)
    async def add_project_file(project: Id, body: ProjectFile) -> None:
        """Add an uploaded file to a project."""
        await (await handle.get()).projects.add_file(project, body.file)

    @routes.delete("/projects/{project}/files/{file}", status_code=204)
    async def remove_project_file(project: Id, file: Id) -> None:
        """Take a file out of a project."""
        await (await handle.get()).projects.remove_file(project, file)

    return routes
